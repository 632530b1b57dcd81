"""Paused queues: nothing is given out, nothing is lost, and it goes on at once."""

from haulage.engine.services import Services
from haulage.storage.queue_store import QueueStore
from tests.conftest import TestClock
from tests.factories import DONE, Hand, queued, row, state


def queues(services: Services) -> QueueStore:
    return QueueStore(services.database, services.clock)


async def rung(services: Services, queue: str = "io") -> list[object]:
    return [bell.job_id for bell in await services.dispatch.take_unrung(queue, limit=100)]


async def test_a_pause_says_who_why_and_since_when(services: Services, clock: TestClock) -> None:
    assert await queues(services).pause("io", by="ann", reason="The bill is too high.")
    [found] = await queues(services).paused()
    assert (found.queue, found.by, found.reason) == ("io", "ann", "The bill is too high.")
    assert found.since == clock.now()


async def test_the_first_pause_keeps_its_words(services: Services, clock: TestClock) -> None:
    await queues(services).pause("io", by="ann")
    before = await queues(services).paused()
    clock.advance(seconds=1)
    assert not await queues(services).pause("io", by="ben", reason="Mine.")
    assert await queues(services).paused() == before


async def test_a_paused_queues_jobs_are_not_claimed(services: Services) -> None:
    hand = await Hand.hired(services)
    held, other = await queued(services), await queued(services, queue="cpu")
    await queues(services).pause("io", by="ann")
    assert [lease.job_id for lease in await hand.claim_all(held, other)] == [other]
    assert await state(services, held) == "queued"


async def test_a_paused_queue_is_not_rung_and_the_others_are(
    services: Services, clock: TestClock
) -> None:
    await queued(services)
    await queued(services, rings=False)
    other = await queued(services, queue="cpu", rings=False)
    await queues(services).pause("io", by="ann")
    clock.advance(seconds=60)
    assert await rung(services) == []
    assert await services.dispatch.take_lost("io", older_than_s=1, limit=10) == []
    assert await rung(services, "cpu") == [other]


async def test_what_runs_goes_on_over_a_pause(services: Services) -> None:
    hand = await Hand.hired(services)
    lease = await hand.claim(await queued(services))
    await queues(services).pause("io", by="ann")
    assert await hand.settle(lease, DONE)
    assert await state(services, lease.job_id) == "succeeded"


async def test_a_resumed_queue_is_rung_at_once_even_where_it_was_rung_before(
    services: Services,
) -> None:
    before, during = await queued(services), await queued(services, rings=False)
    await queues(services).pause("io", by="ann")
    assert await queues(services).resume("io")
    assert await queues(services).paused() == []
    assert sorted(await rung(services)) == sorted([before, during])
    assert (await row(services, before))["rings"] == 2
    hand = await Hand.hired(services)
    assert len(await hand.claim_all(before, during)) == 2


async def test_resuming_what_is_not_paused_changes_nothing(services: Services) -> None:
    await queued(services)
    assert not await queues(services).resume("io")
    assert await rung(services) == []


async def test_a_queue_can_be_paused_again(services: Services) -> None:
    for by in ("ann", "ben"):
        assert await queues(services).pause("io", by=by)
        assert [one.by for one in await queues(services).paused()] == [by]
        assert await queues(services).resume("io")
