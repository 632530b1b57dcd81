"""Who is rung next: tenants share, priorities count, and nobody waits for ever."""

import pytest
import sqlalchemy as sa

from haulage.domain.ids import uuid7
from haulage.domain.job import NewJob, Priority
from haulage.domain.ports import Bell
from haulage.engine.services import Services
from haulage.storage import ring_sql
from haulage.storage.dispatch_store import LANES
from tests.conftest import TestClock
from tests.factories import new_job


async def many(services: Services, count: int, **given: object) -> set[object]:
    """Queue `count` jobs that nobody has rung."""
    made: list[NewJob] = [new_job(**{"rings": False, **given}) for _ in range(count)]
    await services.jobs.insert(made)
    return {job.id for job in made}


async def take(services: Services, limit: int, aging_s: float = 30.0) -> list[Bell]:
    return await services.dispatch.take_unrung("io", limit=limit, aging_s=aging_s)


def ids(bells: list[Bell]) -> set[object]:
    return {bell.job_id for bell in bells}


async def test_a_tenant_with_5000_jobs_does_not_delay_anothers_10(
    services: Services, clock: TestClock
) -> None:
    await many(services, 5_000, tenant="big")
    clock.advance(seconds=1)
    small = await many(services, 10, tenant="small")
    bells = await take(services, 20)
    assert small <= ids(bells)
    # They take turns from the first: after 2n bells both have had n.
    assert len(small & ids(bells[:10])) == 5


async def test_what_a_tenant_has_in_the_window_counts_against_it(services: Services) -> None:
    await many(services, 100, tenant="big", rings=True)
    await many(services, 100, tenant="big")
    small = await many(services, 10, tenant="small")
    assert ids(await take(services, 10)) == small


async def test_a_window_that_opens_by_one_goes_to_whoever_has_least_in_it(
    services: Services, clock: TestClock
) -> None:
    big = await many(services, 20, tenant="big")
    clock.advance(seconds=1)
    small = await many(services, 5, tenant="small")
    order = [bell.job_id for _ in range(10) for bell in await take(services, 1)]
    assert len(small & set(order)) == len(big & set(order)) == 5


async def test_places_that_a_tenant_does_not_need_go_to_the_others(services: Services) -> None:
    await many(services, 50, tenant="big")
    await many(services, 2, tenant="small")
    taken = [len(await take(services, 20))]
    taken.append(len(await take(services, 20 - taken[0])))
    assert sum(taken) == 20


async def test_within_a_tenant_it_goes_by_priority(services: Services) -> None:
    await many(services, 3, priority=Priority.LOW)
    high = await many(services, 3, priority=Priority.HIGH)
    assert ids(await take(services, 3)) == high


async def test_low_jobs_are_not_starved_by_a_steady_flow_of_high_ones(
    services: Services, clock: TestClock
) -> None:
    [low] = await many(services, 1, priority=Priority.LOW)
    waited = 0
    while True:
        await many(services, 2, priority=Priority.HIGH)
        bells = await take(services, 2)
        if low in ids(bells):
            break
        clock.advance(seconds=5)
        waited += 5
        assert waited <= 60
    # Two priorities up, at 30 s each; before that the high ones had gone first.
    assert waited == 60


async def test_a_bell_says_the_priority_the_job_has_come_to(
    services: Services, clock: TestClock
) -> None:
    for _ in range(3):
        await many(services, 1, priority=Priority.LOW)
    said = []
    for _ in range(3):
        said += [bell.priority for bell in await take(services, 1)]
        clock.advance(seconds=30)
    assert said == [Priority.LOW, Priority.NORMAL, Priority.HIGH]
    clock.advance(days=1)
    lost = await services.dispatch.take_lost("io", older_than_s=1, limit=10)
    assert {bell.priority for bell in lost} == {Priority.HIGH}


async def test_more_tenants_than_one_call_looks_at_all_get_their_turn(services: Services) -> None:
    made = [
        new_job(id=uuid7(), tenant=f"t{number:04}", rings=False)
        for number in range(2 * LANES + 10)
        for _ in range(2)
    ]
    await services.jobs.insert(made)
    tenant_of = {job.id: job.tenant for job in made}
    first = [bell.job_id for _ in range(5) for bell in await take(services, 100)]
    # No tenant is served a second time before the scan has come round.
    assert len({tenant_of[job_id] for job_id in first[: 2 * LANES]}) > LANES
    rest = [bell.job_id for _ in range(20) for bell in await take(services, 100)]
    assert {*first, *rest} == set(tenant_of)


@pytest.mark.parametrize(
    ("statement", "capped"),
    [
        (ring_sql.TAKE_UNRUNG, {}),
        (
            ring_sql.TAKE_UNRUNG_CAPPED,
            {"tenants": ["big"], "rooms": [9], "room": None, "full": ["small"]},
        ),
    ],
)
async def test_the_next_jobs_are_found_without_reading_the_whole_table(
    services: Services, clock: TestClock, statement: sa.TextClause, capped: dict[str, object]
) -> None:
    await many(services, 5_000, tenant="big")
    async with services.database.transaction() as connection:
        await connection.execute(sa.text("ANALYZE jobs"))
        plan = await connection.execute(
            sa.text(f"EXPLAIN {statement.text}"),
            {
                **capped,
                "now": clock.now(),
                "queue": "io",
                "limit": 100,
                "aging_s": 30.0,
                "after": "",
                "lanes": LANES,
                "isolates": True,
            },
        )
        steps = [row[0] for row in plan]
    assert any("ix_jobs_unrung" in step for step in steps)
    assert not [step for step in steps if "Seq Scan on jobs" in step]
