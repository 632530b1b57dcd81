"""Small facts about jobs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from haulage.domain.clock import SystemClock
from haulage.domain.ids import uuid7
from haulage.domain.job import Job, Priority
from haulage.domain.lifecycle import TERMINAL, State

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def job(state: State = State.QUEUED) -> Job:
    return Job(
        id=uuid7(),
        tenant="default",
        type="greet",
        state=state,
        reason=None,
        queue="io",
        priority=Priority.NORMAL,
        tags=(),
        run=1,
        attempt=0,
        max_attempts=1,
        timeout_s=1.0,
        created_at=NOON,
        scheduled_at=NOON,
        started_at=None,
        finished_at=None,
        cancelled_by=None,
        cancelled_at=None,
    )


@pytest.mark.parametrize("state", State)
def test_a_job_is_terminal_exactly_in_a_terminal_state(state: State) -> None:
    assert job(state).is_terminal == (state in TERMINAL)


def test_a_duration_exists_only_from_start_to_end() -> None:
    started = replace(job(), started_at=NOON)
    assert job().duration_s is None
    assert started.duration_s is None
    assert replace(started, finished_at=NOON + timedelta(seconds=2.5)).duration_s == 2.5


@pytest.mark.parametrize("priority", Priority)
def test_a_priority_has_a_name_that_leads_back(priority: Priority) -> None:
    assert Priority.from_label(priority.label) is priority


def test_high_priority_is_the_smallest_number_as_redis_wants_it() -> None:
    assert Priority.HIGH == 0
    assert sorted(Priority) == [Priority.HIGH, Priority.NORMAL, Priority.LOW]


def test_a_calibrated_clock_tells_the_shared_time() -> None:
    clock = SystemClock()
    offset = clock.calibrate(datetime.now(UTC) + timedelta(hours=1))
    assert abs(offset - timedelta(hours=1)) < timedelta(seconds=5)
    assert abs(clock.now() - datetime.now(UTC) - offset) < timedelta(seconds=5)
