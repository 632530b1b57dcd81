"""Credits: what is reserved, charged and given back, and what the audit finds."""

import asyncio
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa

from haulage.domain.credit_errors import NotEnoughCredits
from haulage.domain.credits import MOVES, Book, Kind, Share
from haulage.domain.lifecycle import State
from haulage.domain.outcome import Cancelled, Outcome
from haulage.engine.services import Services
from haulage.storage.credit_audit import CreditAudit
from haulage.storage.credit_store import Balance, GrantMismatch
from haulage.storage.settlement import Settlement
from haulage.storage.tables import jobs
from tests.conftest import TestClock
from tests.factories import DONE, FAILED, Hand, new_job, queued, retry, row, state

TENANT = "default"


@pytest.fixture
async def hand(services: Services) -> Hand:
    return await Hand.hired(services)


async def granted(services: Services, amount: int, **given: object) -> None:
    await services.credits.grant(TENANT, amount, by="ann", **given)  # type: ignore[arg-type]


async def balance(services: Services) -> Balance:
    found = await services.credits.balance(TENANT)
    assert found is not None
    return found


async def moved(services: Services, job_id: UUID) -> list[tuple[str, int]]:
    """The job's entries, oldest first."""
    found = await services.credits.entries(TENANT, limit=100, job_id=job_id)
    return [(one.kind, one.amount) for one in reversed(found)]


async def codes(services: Services) -> list[str]:
    return [one.code for one in await CreditAudit(services.database).findings()]


def test_each_kind_moves_credits_between_two_books() -> None:
    assert set(MOVES) == set(Kind)
    assert all(source is not target for source, target in MOVES.values())
    assert {book for move in MOVES.values() for book in move} == set(Book)


async def test_a_price_is_reserved_with_the_job(services: Services) -> None:
    await granted(services, 10)
    job_id = await queued(services, price_credits=4)
    found = await balance(services)
    assert (found.available, found.reserved, found.spent) == (6, 4, 0)
    assert await moved(services, job_id) == [("reserve", 4)]


async def test_a_job_that_the_balance_does_not_suffice_for_is_not_stored(
    services: Services,
) -> None:
    await granted(services, 10)
    some = [new_job(price_credits=6), new_job(price_credits=5)]
    with pytest.raises(NotEnoughCredits) as caught:
        await services.jobs.insert(some)
    assert (caught.value.needed, caught.value.available, caught.value.lacking) == (11, 10, 1)
    assert (await balance(services)).available == 10
    async with services.database.reading() as connection:
        assert await connection.scalar(sa.select(sa.func.count()).select_from(jobs)) == 0


async def test_two_submits_at_once_never_spend_the_same_credits(services: Services) -> None:
    await granted(services, 10)
    attempts = [services.jobs.insert([new_job(price_credits=6)]) for _ in range(4)]
    answers = await asyncio.gather(*attempts, return_exceptions=True)
    assert answers.count(None) == 1
    assert sum(isinstance(answer, NotEnoughCredits) for answer in answers) == 3


async def test_a_tenant_without_an_account_is_not_charged(services: Services, hand: Hand) -> None:
    job_id = await queued(services, price_credits=4)
    await hand.run(job_id, DONE)
    assert await moved(services, job_id) == []
    assert (await row(services, job_id))["cost_credits"] is None
    assert await services.credits.balance(TENANT) is None


@pytest.mark.parametrize(
    ("outcome", "charge", "entries"),
    [
        (DONE, None, [("reserve", 4), ("charge", 4)]),
        (DONE, 3, [("reserve", 4), ("charge", 3), ("refund", 1)]),
        (DONE, 9, [("reserve", 4), ("charge", 4)]),
        (FAILED, None, [("reserve", 4), ("refund", 4)]),
        (FAILED, 1, [("reserve", 4), ("charge", 1), ("refund", 3)]),
        (DONE, Share(1, 3), [("reserve", 4), ("charge", 2), ("refund", 2)]),
        (DONE, Share(0, 3), [("reserve", 4), ("refund", 4)]),
        (DONE, Share(1, 1), [("reserve", 4), ("charge", 4)]),
        (Cancelled(), None, [("reserve", 4), ("refund", 4)]),
        (retry(), None, [("reserve", 4)]),
    ],
)
async def test_a_settlement_charges_what_the_run_came_to(
    services: Services,
    hand: Hand,
    outcome: Outcome,
    charge: int | Share | None,
    entries: list[tuple[str, int]],
) -> None:
    await granted(services, 10)
    job_id = await queued(services, price_credits=4)
    lease = await hand.claim(job_id)
    settlement = Settlement(job_id, lease.fence, outcome, charge_credits=charge)
    # The second time is a repeat after a lost answer.
    for _ in range(2):
        assert await services.jobs.settle([settlement]) == [True]
    assert await moved(services, job_id) == entries
    cost = dict(entries).get("charge", 0)
    assert ((await row(services, job_id))["cost_credits"] or 0) == cost
    assert (await balance(services)).spent == cost
    assert await codes(services) == []


async def test_a_redrive_reserves_anew_for_its_run(services: Services, hand: Hand) -> None:
    await granted(services, 10)
    job_id = await queued(services, price_credits=6)
    await hand.run(job_id, FAILED)
    assert await services.decisions.redrive([job_id], tenant=TENANT, by="ann") == {job_id}
    await hand.run(job_id, DONE)
    assert await moved(services, job_id) == [
        ("reserve", 6),
        ("refund", 6),
        ("reserve", 6),
        ("charge", 6),
    ]


async def test_a_redrive_that_cannot_be_paid_leaves_the_job_as_it_is(
    services: Services, hand: Hand
) -> None:
    await granted(services, 6)
    job_id = await queued(services, price_credits=6)
    await hand.run(job_id, FAILED)
    await queued(services, price_credits=1)
    with pytest.raises(NotEnoughCredits):
        await services.decisions.redrive([job_id], tenant=TENANT, by="ann")
    assert await state(services, job_id) is State.FAILED


async def test_what_expires_first_is_taken_first(
    services: Services, clock: TestClock, hand: Hand
) -> None:
    await granted(services, 5)
    await granted(services, 5, expires_at=clock.now() + timedelta(days=1))
    job_id = await queued(services, price_credits=7)
    lease = await hand.claim(job_id)
    # Of seven, two came from the grant that lasts: they are the first to go back.
    await services.jobs.settle([Settlement(job_id, lease.fence, DONE, charge_credits=4)])
    assert (await balance(services)).available == 6
    clock.advance(days=1)
    assert (await balance(services)).available == 5


async def test_what_is_over_by_time_cannot_be_spent_before_the_sweep_and_is_booked_by_it(
    services: Services, clock: TestClock
) -> None:
    await granted(services, 5, expires_at=clock.now() + timedelta(seconds=1))
    clock.advance(seconds=1)
    with pytest.raises(NotEnoughCredits):
        await queued(services, price_credits=1)
    assert await services.credits.expire(limit=10) == 1
    assert await services.credits.expire(limit=10) == 0
    entries = await services.credits.entries(TENANT, limit=10)
    assert [(one.kind, one.amount) for one in entries] == [("expire", 5), ("grant", 5)]
    assert await codes(services) == []


async def test_a_grant_under_a_reference_counts_once(services: Services) -> None:
    for _ in range(2):
        await granted(services, 5, reference="invoice 7")
    assert (await balance(services)).available == 5
    with pytest.raises(GrantMismatch):
        await granted(services, 6, reference="invoice 7")


async def test_entries_are_never_changed(services: Services, database_url: str) -> None:
    await granted(services, 5)
    with (
        psycopg.connect(database_url) as connection,
        pytest.raises(psycopg.errors.RaiseException, match="never changed"),
    ):
        connection.execute("UPDATE credit_entries SET amount = 500")


async def test_a_run_is_charged_once_whatever_the_code_does(
    services: Services, hand: Hand, database_url: str
) -> None:
    await granted(services, 5)
    job_id = await queued(services, price_credits=2)
    await hand.run(job_id, DONE)
    with (
        psycopg.connect(database_url) as connection,
        pytest.raises(psycopg.errors.UniqueViolation),
    ):
        connection.execute(
            "INSERT INTO credit_entries (tenant, kind, source, target, amount, at, job_id, run) "
            "SELECT tenant, kind, source, target, amount, at, job_id, run FROM credit_entries "
            "WHERE kind = 'charge'"
        )


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        ("DELETE FROM jobs", ["reservation_without_job"]),
        ("UPDATE jobs SET run = 2", ["reservation_not_settled", "job_without_reservation"]),
        (
            "UPDATE jobs SET state = 'cancelled', finished_at = now(), cancelled_at = now()",
            ["reservation_not_settled"],
        ),
        (
            "INSERT INTO credit_entries (tenant, kind, source, target, amount, at, job_id, run) "
            "SELECT tenant, 'refund', 'reserved', 'available', amount, at, job_id, run "
            "FROM credit_entries WHERE kind = 'reserve'",
            ["settled_too_soon", "sums_differ", "sums_differ", "sums_differ"],
        ),
        (
            "INSERT INTO credit_entries (tenant, kind, source, target, amount, at, job_id, run) "
            "SELECT tenant, 'charge', 'reserved', 'spent', 99, at, job_id, run "
            "FROM credit_entries WHERE kind = 'reserve'",
            ["settled_too_much", "sums_differ", "sums_differ", "sums_differ"],
        ),
        ("DELETE FROM credit_draws", ["sums_differ"]),
        ("UPDATE credit_grants SET remaining = 0", ["sums_differ"]),
        ("UPDATE credit_accounts SET reserved = 0", ["sums_differ"]),
    ],
)
async def test_the_audit_finds_what_does_not_agree_and_mends_nothing(
    services: Services, database_url: str, damage: str, found: list[str]
) -> None:
    await granted(services, 5)
    await queued(services, price_credits=2)
    assert await codes(services) == []
    with psycopg.connect(database_url) as connection:
        connection.execute(damage)
    assert await codes(services) == found
    assert await codes(services) == found


async def test_an_open_account_of_one_tenant_holds_nobody_else_up(
    services: Services, database_url: str
) -> None:
    """Whoever holds an account's row for long keeps its own tenant waiting, and no other."""
    await granted(services, 5)
    await services.credits.grant("other", 5, by="ann")
    with psycopg.connect(database_url) as connection:
        connection.execute("SELECT FROM credit_accounts WHERE tenant = 'default' FOR UPDATE")
        async with asyncio.timeout(5):
            await services.jobs.insert([new_job(tenant="other", price_credits=2)])
            await services.jobs.insert([new_job()])


async def test_a_submit_that_is_sent_again_is_reserved_once(services: Services) -> None:
    await granted(services, 5)
    job = new_job(price_credits=2)
    for _ in range(2):
        await services.jobs.insert([job])
    assert await moved(services, job.id) == [("reserve", 2)]
