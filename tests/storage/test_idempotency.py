"""Idempotency keys: the same request again finds the same jobs."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import sqlalchemy as sa

from haulage.domain.errors import IdempotencyConflict, IdempotencyMismatch
from haulage.domain.job import NewJob
from haulage.engine.services import Services
from haulage.storage.idempotency_store import Kept, Keyed
from haulage.storage.tables import jobs
from tests.conftest import TestClock
from tests.factories import new_job

Submit = Callable[..., Awaitable[Kept]]


@pytest.fixture(params=["in one statement", "in a transaction"])
def submit(request: pytest.FixtureRequest, services: Services) -> Submit:
    """Insert under a key, both ways."""

    async def insert(
        key: str, fingerprint: str, jobs: list[NewJob], *, tenant: str = "default"
    ) -> Kept:
        asked = Keyed(key, fingerprint, jobs, tenant)
        if request.param == "in a transaction":
            return await services.keys.insert(asked)
        return await services.insert_once(asked)

    return insert


async def count(services: Services) -> int:
    async with services.database.reading() as connection:
        return await connection.scalar(sa.select(sa.func.count()).select_from(jobs)) or 0


async def test_the_same_request_again_finds_the_jobs_of_the_first_time(
    services: Services, submit: Submit
) -> None:
    first = await submit("k", "print", [new_job(), new_job()])
    again = await submit("k", "print", [new_job(), new_job()])
    assert (first.replayed, again.replayed) == (False, True)
    assert again.job_ids == first.job_ids
    assert again.expires_at == first.expires_at
    assert await count(services) == 2


async def test_another_request_under_the_key_is_refused_and_stores_nothing(
    services: Services, submit: Submit
) -> None:
    await submit("k", "print", [new_job()])
    with pytest.raises(IdempotencyMismatch):
        await submit("k", "other", [new_job()])
    assert await count(services) == 1


async def test_tenants_have_their_keys_to_themselves(services: Services, submit: Submit) -> None:
    for tenant, key in (("a", "bc"), ("ab", "c")):
        kept = await submit(key, "print", [new_job(tenant=tenant)], tenant=tenant)
        assert not kept.replayed
    assert await count(services) == 2


async def test_a_key_is_forgotten_after_its_time(
    services: Services, submit: Submit, clock: TestClock
) -> None:
    await submit("k", "print", [new_job()])
    clock.advance(hours=25)
    kept = await submit("k", "other", [new_job()])
    assert not kept.replayed


async def test_of_many_at_once_one_inserts_and_the_others_are_told(
    services: Services, submit: Submit
) -> None:
    async def send() -> str:
        try:
            kept = await submit("k", "print", [new_job()])
        except IdempotencyConflict:
            return "conflict"
        return "replayed" if kept.replayed else "inserted"

    answers = await asyncio.gather(*(send() for _ in range(10)))
    assert answers.count("inserted") == 1
    assert await count(services) == 1


async def test_while_the_first_request_is_open_the_second_is_told_at_once(
    services: Services, submit: Submit
) -> None:
    async with services.database.transaction() as connection:
        await connection.execute(
            sa.text("SELECT pg_advisory_xact_lock(hashtextextended('7:default:k', 0))")
        )
        with pytest.raises(IdempotencyConflict):
            await asyncio.wait_for(submit("k", "print", [new_job()]), timeout=20)


async def test_who_tries_again_because_an_answer_was_lost_is_told_that_it_landed(
    services: Services, submit: Submit
) -> None:
    jobs = [new_job()]
    first = await submit("k", "print", jobs)
    assert await submit("k", "print", jobs) == first
    assert not first.replayed


async def test_many_keys_go_by_one_statement_and_what_is_known_does_not_harm_the_others(
    services: Services,
) -> None:
    await services.insert_once(Keyed("b", "print", [new_job()], "default"))
    asked = [Keyed(key, "print", [new_job(), new_job()], "default") for key in ("a", "b", "c", "a")]
    kept = await services.keys.insert_new(asked)
    assert [one and one.job_ids for one in kept] == [
        asked[0].job_ids,
        None,
        asked[2].job_ids,
        None,
    ]
    assert await count(services) == 5


async def test_keyed_jobs_that_wait_together_are_written_together(services: Services) -> None:
    async def statements() -> int:
        async with services.database.reading() as connection:
            xmins = sa.text("SELECT count(DISTINCT xmin::text) FROM idempotency_keys")
            return await connection.scalar(xmins) or 0

    await asyncio.gather(
        *(services.insert_once(Keyed(f"k{n}", "p", [new_job()], "default")) for n in range(20))
    )
    assert await statements() < 20
