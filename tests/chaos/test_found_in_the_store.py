"""Races of statements that chaos has found, each as a test that needs no luck."""

import asyncio

import sqlalchemy as sa

from haulage.engine.services import Services
from tests.factories import Hand, queued, row

LOCK_WAITS = sa.text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")


async def test_a_cancel_reaches_a_job_that_stops_running_at_that_moment(services: Services) -> None:
    hand = await Hand.hired(services)
    job_id = await queued(services)
    await hand.claim(job_id)
    async with services.database.transaction() as settling:
        await settling.execute(
            sa.text("UPDATE jobs SET state = 'scheduled', worker_id = NULL WHERE id = :id"),
            {"id": job_id},
        )
        cancelling = asyncio.create_task(services.jobs.cancel([job_id], tenant="default", by="ann"))
        await until_somebody_waits(services)
    await cancelling
    assert (await row(services, job_id))["state"] == "cancelled"


async def until_somebody_waits(services: Services) -> None:
    """Return when a statement waits for a row's lock."""
    async with asyncio.timeout(20):
        while True:
            async with services.database.reading() as connection:
                if await connection.scalar(LOCK_WAITS):
                    return
