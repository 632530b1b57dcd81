"""Whether the books of credits agree with themselves and with the jobs. Finds, never mends.

Each question is one statement, so that what commits meanwhile is seen whole or not at all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from haulage.storage.database import Database
from haulage.storage.job_sql import TERMINAL_STATES


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not agree: `code` says which kind, `detail` in words."""

    code: str
    tenant: str
    detail: str
    job_id: UUID | None = None
    run: int | None = None


# A reservation without its settlement, and what is wrong with that.
_OPEN = sa.text(f"""
WITH book AS (
    SELECT tenant, job_id, run,
           CAST(sum(CASE kind WHEN 'reserve' THEN amount ELSE -amount END) AS bigint) AS open
    FROM credit_entries WHERE job_id IS NOT NULL
    GROUP BY tenant, job_id, run
), wrong AS (
    SELECT book.*, jobs.id AS job, jobs.state, jobs.run AS job_run, CASE
        WHEN open < 0 THEN 'settled_too_much'
        WHEN open > 0 AND jobs.id IS NULL THEN 'reservation_without_job'
        WHEN open > 0 AND (jobs.state IN ({TERMINAL_STATES}) OR jobs.run > book.run)
            THEN 'reservation_not_settled'
        WHEN open = 0 AND jobs.state NOT IN ({TERMINAL_STATES}) AND jobs.run = book.run
            THEN 'settled_too_soon'
        END AS code
    FROM book LEFT JOIN jobs ON jobs.id = book.job_id
)
SELECT tenant, job_id, run, open, state, code FROM wrong WHERE code IS NOT NULL
ORDER BY job_id, run LIMIT :limit
""")  # noqa: S608 - the states are ours

_UNRESERVED = sa.text(f"""
SELECT tenant, id AS job_id, run, price_credits AS price, state FROM jobs
WHERE price_credits IS NOT NULL AND state NOT IN ({TERMINAL_STATES}) AND NOT EXISTS (
    SELECT 1 FROM credit_entries AS entry
    WHERE entry.job_id = jobs.id AND entry.run = jobs.run AND entry.kind = 'reserve')
ORDER BY id LIMIT :limit
""")  # noqa: S608 - the states are ours

# What the entries say of each book, against the sums that are kept beside them.
_SUMS = sa.text("""
WITH book AS (
    SELECT tenant,
           CAST(sum(CASE WHEN target = 'available' THEN amount
                         WHEN source = 'available' THEN -amount END) AS bigint) AS available,
           CAST(coalesce(sum(CASE WHEN target = 'reserved' THEN amount
                                  WHEN source = 'reserved' THEN -amount END), 0) AS bigint)
               AS reserved,
           CAST(coalesce(sum(amount) FILTER (WHERE target = 'spent'), 0) AS bigint) AS spent
    FROM credit_entries GROUP BY tenant
), kept AS (
    SELECT tenant, reserved, spent, CAST(coalesce((
        SELECT sum(remaining) FROM credit_grants
        WHERE credit_grants.tenant = credit_accounts.tenant), 0) AS bigint) AS available
    FROM credit_accounts
), drawn AS (
    SELECT credit_grants.tenant, CAST(sum(credit_draws.amount) AS bigint) AS amount
    FROM credit_draws JOIN credit_grants ON credit_grants.id = grant_id
    GROUP BY credit_grants.tenant
)
SELECT tenant, named.book, coalesce(named.said, 0) AS said, coalesce(named.kept, 0) AS kept
FROM book FULL JOIN kept USING (tenant) LEFT JOIN drawn USING (tenant) CROSS JOIN LATERAL (VALUES
    ('available', book.available, kept.available), ('reserved', book.reserved, kept.reserved),
    ('spent', book.spent, kept.spent), ('drawn', book.reserved, drawn.amount)
) AS named (book, said, kept)
WHERE coalesce(named.said, 0) <> coalesce(named.kept, 0)
ORDER BY tenant, named.book LIMIT :limit
""")


class CreditAudit:
    """Looks at all tenants' books."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def findings(self, *, limit: int = 1_000) -> list[Finding]:
        """Up to `limit` of each kind; none when the books agree. It reads every entry."""
        found = []
        for row in await self._rows(_OPEN, limit):
            found.append(Finding(row["code"], row["tenant"], _said(row), row["job_id"], row["run"]))
        for row in await self._rows(_UNRESERVED, limit):
            detail = f"The job is {row['state']} and costs {row['price']}; nothing is reserved."
            found.append(
                Finding("job_without_reservation", row["tenant"], detail, row["job_id"], row["run"])
            )
        for row in await self._rows(_SUMS, limit):
            detail = f"{row['book']}: the entries say {row['said']}, {row['kept']} is kept."
            found.append(Finding("sums_differ", row["tenant"], detail))
        return found

    async def _rows(self, query: sa.TextClause, limit: int) -> list[Mapping[str, Any]]:
        async with self._database.reading() as connection:
            rows = await connection.execute(query, {"limit": limit})
            return [dict(row) for row in rows.mappings()]


def _said(row: Mapping[str, Any]) -> str:
    state = f"the job is {row['state']}" if row["state"] else "there is no such job"
    return f"Of run {row['run']} {row['open']} credits are still reserved; {state}."
