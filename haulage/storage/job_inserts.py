"""Inserting jobs in somebody's statement or transaction, with all that belongs to a new job."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncConnection

from haulage.domain.job import NOBODY, NewJob
from haulage.domain.lifecycle import Reason, State
from haulage.storage import insert_sql
from haulage.storage.credit_ledger import Due, reserve_in
from haulage.storage.file_links import link_in, links_of
from haulage.storage.sealing import Sealer


async def insert_in(
    connection: AsyncConnection,
    jobs: Sequence[NewJob],
    *,
    now: datetime,
    sealer: Sealer,
) -> None:
    """Insert inside the caller's transaction, with the links to their files and their prices.

    Raises `NotEnoughCredits`, after which it must not commit.
    """
    await connection.execute(insert_sql.INSERT, {"rows": rows_text(jobs, now, sealer)})
    await link_in(connection, links_of(jobs))
    due = [Due(job.id, 1, job.tenant, job.price_credits) for job in jobs if job.price_credits]
    await reserve_in(connection, due, now=now)


def are_plain(jobs: Iterable[NewJob]) -> bool:
    """Whether their rows are all there is to insert: no file to link, no price to reserve."""
    return not any(job.files or job.price_credits for job in jobs)


def rows_text(jobs: Iterable[NewJob], now: datetime, sealer: Sealer) -> str:
    """`jobs` as the statements of `insert_sql.py` take them."""
    return to_json([_row(job, now, sealer) for job in jobs]).decode()


def _row(job: NewJob, now: datetime, sealer: Sealer) -> dict[str, Any]:
    """A row of `insert_sql.INSERT`; what is left out is NULL."""
    created_at = job.created_at or now
    row: dict[str, Any] = {
        "id": job.id,
        "tenant": job.tenant,
        "type": job.type,
        "state": State.QUEUED,
        "queue": job.queue,
        "priority": job.priority,
        "max_attempts": job.max_attempts,
        "max_crashes": job.max_crashes,
        "timeout_s": job.timeout_s,
        "due": created_at,
        "deadline": job.deadline,
        "request_id": job.request_id,
        "traceparent": job.traceparent,
        "parent_id": job.parent_id,
        "created_at": created_at,
    }
    if job.run_at is not None and job.run_at > created_at:
        row |= {"state": State.SCHEDULED, "reason": Reason.RUN_AT, "due": job.run_at}
    elif job.rings:
        row["rung_at"] = now
    if job.caller is not NOBODY:
        row |= {"caller_user": job.caller.user, "caller_key": job.caller.key}
    if job.tags:
        row["tags"] = job.tags
    if job.webhook:
        row["webhook_id"] = job.webhook.id
    if job.input_ref:
        row["input_ref"] = job.input_ref
    else:
        row["input"] = sealer.seal(job.input)
    return row
