"""Every way to fail writes the fingerprint that the domain computes of the error."""

from datetime import timedelta
from uuid import UUID

import psycopg
import sqlalchemy as sa
from alembic import command

from haulage.domain.fingerprint import fingerprint
from haulage.domain.outcome import ErrorInfo, Failed
from haulage.engine.services import Services
from haulage.storage import migrate
from tests.conftest import TestClock
from tests.factories import Hand, queued, row


async def assert_its_own(services: Services, job_id: UUID, code: str) -> None:
    found = await row(services, job_id)
    error = found["error"]
    assert (found["state"], error["code"]) == ("failed", code)
    assert found["fingerprint"] == fingerprint(found["type"], code, error["message"])


async def test_a_failure_that_a_worker_settles(services: Services) -> None:
    job_id = await queued(services, type="crunch")
    error = ErrorInfo("odd", "page 7 of \ud800 is \x00 empty", retryable=False)
    await (await Hand.hired(services)).run(job_id, Failed(error))
    await assert_its_own(services, job_id, "odd")


async def test_a_deadline_that_passed(services: Services, clock: TestClock) -> None:
    job_id = await queued(services, deadline=clock.now() + timedelta(seconds=1))
    clock.advance(seconds=2)
    await services.dispatch.expire(limit=10)
    await assert_its_own(services, job_id, "deadline")


async def test_a_job_that_killed_its_workers_however_many(services: Services) -> None:
    found = []
    for deaths in (1, 2):
        job_id = await queued(services, max_crashes=deaths)
        for _ in range(deaths):
            hand = await Hand.hired(services)
            await hand.claim(job_id)
            await services.dispatch.rescue_of_child(hand.id, hand.pid)
            await services.dispatch.promote_due(limit=10)
        await assert_its_own(services, job_id, "quarantined")
        found.append((await row(services, job_id))["fingerprint"])
    assert found[0] == found[1]


def test_failures_from_before_get_theirs_by_the_migration(empty_url: str) -> None:
    command.upgrade(migrate.config(empty_url), "0004")
    with psycopg.connect(empty_url) as connection:
        for message in ("page 3 is \\ud800", "page 4 is \\ud800"):
            connection.execute(
                "INSERT INTO jobs (id, type, state, queue, input, max_attempts, timeout_s,"
                " created_at, scheduled_at, finished_at, error)"
                " VALUES (gen_random_uuid(), 'crunch', 'failed', 'io', '{}', 1, 1, now(), now(),"
                " now(), %s)",
                ['{"code":"odd","message":"' + message + '"}'],
            )
    migrate.migrate(empty_url)
    engine = sa.create_engine(migrate.driver_url(empty_url), poolclass=sa.NullPool)
    with engine.connect() as connection:
        found = connection.execute(sa.text("SELECT DISTINCT fingerprint FROM jobs")).scalars().all()
    assert found == [fingerprint("crunch", "odd", "page 5 is \ud800")]
