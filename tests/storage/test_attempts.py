"""Attempts, as the events tell of them."""

from typing import Any
from uuid import UUID

import pytest

from haulage.domain.outcome import Waiting
from haulage.engine.services import Services
from haulage.storage.attempt_reads import AttemptReads
from tests.conftest import TestClock
from tests.factories import DONE, FAILED, Hand, queued, retry, snooze


class Story:
    """Runs one job's attempts, each for some seconds."""

    def __init__(self, services: Services, clock: TestClock) -> None:
        self.services, self.clock = services, clock

    async def begins(self) -> UUID:
        self.hand = await Hand.hired(self.services)
        self.job_id = await queued(self.services, max_crashes=2)
        return self.job_id

    async def runs(self, seconds: float, outcome: Any) -> None:
        self.clock.advance(seconds=100)
        await self.services.dispatch.promote_due(limit=10)
        lease = await self.hand.claim(self.job_id)
        self.clock.advance(seconds=seconds)
        if outcome == "dies":
            await self.hand.dies()
            await self.services.dispatch.rescue_orphans(limit=10)
            self.hand = await Hand.hired(self.services)
        elif outcome == "given back":
            await self.services.dispatch.give_back([(lease.job_id, lease.fence)])
        elif outcome is not None:
            assert await self.hand.settle(lease, outcome)

    async def told(self) -> list[tuple[Any, ...]]:
        found = await AttemptReads(self.services.database).of(self.job_id)
        return [(a.run, a.number, a.fence, a.pieces, a.duration_s, a.outcome) for a in found]


@pytest.fixture
async def story(services: Services, clock: TestClock) -> Story:
    made = Story(services, clock)
    await made.begins()
    return made


async def test_a_job_that_never_ran_has_none(story: Story) -> None:
    assert await story.told() == []


async def test_retries_are_attempts_with_their_errors(story: Story) -> None:
    await story.runs(3, retry())
    await story.runs(4, DONE)
    assert await story.told() == [(1, 1, 1, 1, 3.0, "retry"), (1, 2, 2, 1, 4.0, "succeeded")]
    first, second = await AttemptReads(story.services.database).of(story.job_id)
    assert (first.error or {}).get("code") == "odd"
    assert (second.error, second.reason) == (None, None)
    assert first.ended_at is not None
    assert second.started_at > first.ended_at


async def test_what_is_put_aside_stays_one_attempt_without_its_pauses(story: Story) -> None:
    await story.runs(1, snooze())
    assert await story.told() == [(1, 1, 1, 1, 1.0, "paused")]
    await story.runs(2, "given back")
    await story.runs(3, None)
    assert await story.told() == [(1, 1, 3, 3, 3.0, "running")]


async def test_a_wait_for_children_is_a_pause_that_a_cancel_may_end(story: Story) -> None:
    await story.runs(2, Waiting())
    assert await story.told() == [(1, 1, 1, 1, 2.0, "paused")]
    await story.services.jobs.cancel([story.job_id], tenant=None, by="ann")
    assert await story.told() == [(1, 1, 1, 1, 2.0, "cancelled")]


async def test_deaths_are_attempts_of_the_same_number_with_the_worker(story: Story) -> None:
    dead = story.hand.id
    await story.runs(1, "dies")
    await story.runs(2, "dies")
    assert await story.told() == [(1, 1, 1, 1, 1.0, "crashed"), (1, 1, 2, 1, 2.0, "crashed")]
    first, last = await AttemptReads(story.services.database).of(story.job_id)
    assert first.worker_id == dead
    assert last.reason == "quarantined"


async def test_a_redrive_counts_anew_in_the_next_run(story: Story) -> None:
    await story.runs(1, FAILED)
    await story.services.decisions.redrive([story.job_id], tenant="default", by="ann")
    await story.runs(2, DONE)
    assert await story.told() == [(1, 1, 1, 1, 1.0, "failed"), (2, 1, 2, 1, 2.0, "succeeded")]
