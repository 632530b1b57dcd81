"""The crash ledger: every death of a worker that held a job, with its memory."""

import pytest
import sqlalchemy as sa

from haulage.engine.services import Services
from haulage.storage.tables import crashes
from tests.factories import Hand, queued


async def ledger(services: Services) -> list[tuple]:
    async with services.database.reading() as connection:
        rows = await connection.execute(
            sa.select(
                crashes.c.job_id, crashes.c.fence, crashes.c.worker_id, crashes.c.peak_rss_bytes
            ).order_by(crashes.c.fence)
        )
        return [tuple(row) for row in rows]


async def test_a_dead_worker_leaves_a_line_for_each_job_it_held(services: Services) -> None:
    hand = await Hand.hired(services)
    job_id = await queued(services)
    await hand.claim(job_id)
    await services.workers.beat(hand.id, in_flight=1, rss_bytes=123_456)
    await hand.dies()
    await services.dispatch.rescue_orphans(limit=10)
    assert await ledger(services) == [(job_id, 1, hand.id, 123_456)]


@pytest.mark.parametrize("peak", [None, 5_000_000_000])
async def test_a_dead_child_leaves_a_line_with_its_peak_memory(
    services: Services, peak: int | None
) -> None:
    hand = await Hand.hired(services)
    job_id = await queued(services)
    await hand.claim(job_id)
    await services.dispatch.rescue_of_child(hand.id, hand.pid, peak_rss_bytes=peak)
    assert await ledger(services) == [(job_id, 1, hand.id, peak)]


async def test_a_job_given_back_leaves_no_line(services: Services) -> None:
    hand = await Hand.hired(services)
    lease = await hand.claim(await queued(services))
    await services.dispatch.give_back([(lease.job_id, lease.fence)])
    assert await ledger(services) == []
