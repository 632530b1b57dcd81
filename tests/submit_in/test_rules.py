"""What a submit in the caller's transaction may say, and what is made of it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa
from pydantic import BaseModel

from haulage import submit_in
from haulage.domain.context import Context
from haulage.domain.errors import (
    InvalidInput,
    QueueFull,
    UnknownJobType,
    UnknownQueue,
)
from haulage.domain.ids import uuid7
from haulage.domain.job import Priority
from haulage.domain.job_type import REGISTRY, Policy, job_type
from haulage.engine.depth import Depth
from haulage.engine.intake import Intake, Submission
from haulage.engine.services import Services
from haulage.engine.window import Window
from haulage.storage import tables
from haulage.storage.job_reads import JobReads
from tests.factories import Hand, row
from tests.submit_in.conftest import QUEUES


async def test_what_is_not_said_the_published_type_decides(
    published: Services, caller: psycopg.Connection
) -> None:
    job_id = submit_in(caller, "invoice", {"order": 1})
    caller.commit()
    found = await row(published, job_id)
    assert (found["max_attempts"], found["max_crashes"], found["timeout_s"]) == (7, 2, 9.0)
    assert (found["priority"], found["tenant"], found["rung_at"]) == (3, "default", None)
    assert found["input"] == {"order": 1}
    assert found["scheduled_at"] == found["created_at"]


async def test_what_is_said_counts(published: Services, caller: psycopg.Connection) -> None:
    at = datetime.now(UTC) + timedelta(hours=1)
    job_id = submit_in(
        caller,
        "invoice",
        {"order": 1},
        queue="slow",
        priority="high",
        run_at=at,
        deadline=at + timedelta(hours=1),
        tags=["a", "b"],
        max_attempts=2,
        timeout_s=1.5,
        tenant="shop",
        traceparent="00-1-1-01",
    )
    caller.commit()
    found = await row(published, job_id)
    assert (found["state"], found["reason"], found["scheduled_at"]) == ("scheduled", "run_at", at)
    assert (found["queue"], found["priority"], found["tags"]) == ("slow", 0, ["a", "b"])
    assert (found["max_attempts"], found["timeout_s"], found["tenant"]) == (2, 1.5, "shop")
    assert (found["deadline"] - at, found["traceparent"]) == (timedelta(hours=1), "00-1-1-01")


async def test_it_is_counted_with_its_callers_transaction(
    published: Services, caller: psycopg.Connection
) -> None:
    submit_in(caller, "invoice", {"order": 1})
    caller.rollback()
    submit_in(caller, "invoice", {"order": 2}, queue="slow")
    caller.commit()
    counted = caller.execute("SELECT kind, type, queue, n FROM tallies").fetchall()
    assert counted == [("submitted", "invoice", "slow", 1)]


async def test_its_id_sorts_among_those_of_http(
    published: Services, caller: psycopg.Connection
) -> None:
    # A few milliseconds either way: the two clocks need not agree to the last.
    before = uuid7().int >> 80
    job_id = submit_in(caller, "invoice", {"order": 1})
    assert job_id.version == 7
    assert before - 50 <= job_id.int >> 80 <= (uuid7().int >> 80) + 50


@pytest.mark.parametrize("run_at", [None, timedelta(hours=1)], ids=["due", "later"])
async def test_it_leaves_the_same_rows_as_a_submit_over_http(
    published: Services, caller: psycopg.Connection, run_at: timedelta | None
) -> None:
    """The function is SQL of its own. What intake's INSERT writes, it has to write too."""
    at = run_at and datetime.now(UTC) + run_at
    if at is not None:
        published.clock._now = datetime.now(UTC)  # type: ignore[attr-defined]
    options: dict[str, Any] = {"queue": "slow", "run_at": at, "max_attempts": 2}
    mine = submit_in(caller, "invoice", {"order": 1}, tags=["b", "a"], priority="low", **options)
    caller.commit()
    intake = Intake(
        published,
        queue_pools=QUEUES,
        window=Window(0, published.dispatch.rung_waiting),
        depth=Depth(100, JobReads(published.database, published.blobs).depth),
    )
    low = Submission("invoice", {"order": 1}, tags=("b", "a"), priority=Priority.LOW, **options)
    [theirs] = await intake.submit([low])
    assert await left_behind(published, mine) == await left_behind(published, theirs.id)


async def left_behind(services: Services, job_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """Every row, in any table, that belongs to the job, without its id and without moments."""
    found = {}
    async with services.database.reading() as connection:
        for table in tables.metadata.sorted_tables:
            key = table.c.get("job_id") if "job_id" in table.c else table.c.get("id")
            if key is None or not isinstance(key.type, sa.UUID):
                continue
            rows = await connection.execute(sa.select(table).where(key == job_id))
            found[table.name] = sorted((plain(one._mapping) for one in rows), key=str)
    assert found["jobs"]
    assert found["events"]
    return found


def plain(row: Any) -> dict[str, Any]:
    apart = {"id", "job_id", "created_at", "scheduled_at", "at"}
    kept = {name: value for name, value in row.items() if name not in apart}
    return {**kept, "data": {**kept.get("data", {}), "scheduled_at": None}}


async def test_an_unknown_type_is_refused_by_postgresql(caller: psycopg.Connection) -> None:
    with pytest.raises(UnknownJobType, match="'invoce'") as unknown:
        submit_in(caller, "invoce", {"order": 1})
    assert unknown.value.__notes__ == [
        "A process of Haulage that knows it must have started once on this database."
    ]


async def test_a_queue_of_another_pool_is_refused_with_those_that_fit(
    caller: psycopg.Connection,
) -> None:
    with pytest.raises(UnknownQueue, match="whose queues are: io, slow"):
        submit_in(caller, "invoice", {"order": 1}, queue="cpu")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("priority", "urgent"),
        ("max_attempts", 0),
        ("max_attempts", 101),
        ("timeout_s", 0.0),
        ("timeout_s", float("nan")),
        ("timeout_s", float("inf")),
        ("run_at", datetime(2999, 1, 1, tzinfo=UTC)),
        ("deadline", datetime(2020, 1, 1, tzinfo=UTC)),
        ("deadline", datetime(2999, 1, 1, tzinfo=UTC)),
        ("idempotency_key", "a key"),
        ("idempotency_key", "k" * 256),
        ("tenant", ""),
        ("input", {"text": "x" * 11_000_000}),
    ],
)
async def test_what_http_refuses_is_refused_here_with_the_same_pointer(
    caller: psycopg.Connection, option: str, value: Any
) -> None:
    given: dict[str, Any] = {"input": {"order": 1}, option: value}
    with pytest.raises(InvalidInput) as caught:
        submit_in(caller, "invoice", **given)
    assert [fault.pointer for fault in caught.value.faults] == [f"/{option}"]


async def test_tags_that_do_not_fit_cost_the_transaction_nothing(
    published: Services, caller: psycopg.Connection
) -> None:
    with pytest.raises(InvalidInput):
        submit_in(caller, "invoice", {"order": 1}, tags=[""])
    assert submit_in(caller, "invoice", {"order": 1})


async def test_an_option_that_is_none_is_an_error_of_the_program(
    caller: psycopg.Connection,
) -> None:
    with pytest.raises(TypeError, match="'priorty'"):
        submit_in(caller, "invoice", priorty="high")  # type: ignore[call-overload]


class Ours(BaseModel):
    order: int


@pytest.fixture
def imported() -> Iterator[None]:
    """The caller has imported the module that declares the type."""

    @job_type("invoice", policy=Policy(max_attempts=1))
    async def invoice(input: Ours, ctx: Context) -> str:
        return ""

    yield
    del REGISTRY._types["invoice"]


@pytest.mark.usefixtures("imported")
async def test_the_input_of_an_imported_type_is_checked_before_anything_is_sent(
    caller: psycopg.Connection,
) -> None:
    with pytest.raises(InvalidInput) as caught:
        submit_in(caller, "invoice", {"order": "seven"})
    assert [fault.pointer for fault in caught.value.faults] == ["/input/order"]
    assert submit_in(caller, "invoice", Ours(order=7))


async def test_a_full_queue_takes_it_and_then_refuses_http(
    published: Services, caller: psycopg.Connection
) -> None:
    """Refusing would undo the caller's own work; and HTTP's callers can come back later."""
    reads = JobReads(published.database, published.blobs)
    for order in range(3):
        submit_in(caller, "invoice", {"order": order})
    caller.commit()
    with pytest.raises(QueueFull):
        await Depth(2, reads.depth).take(["io"])


async def test_a_large_input_stays_in_the_row(
    published: Services, caller: psycopg.Connection
) -> None:
    job_id = submit_in(caller, "invoice", {"order": 1, "text": "\ud800\x00" + "x" * 1_000_000})
    caller.commit()
    lease = await (await Hand.hired(published)).claim(job_id)
    assert json.loads(await published.jobs.input_of(lease))["text"].startswith("\ud800\x00x")
