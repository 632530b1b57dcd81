"""The checks can fail: each is shown a history that breaks its promise."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from chaos.checks import violations
from chaos.faults import Wound
from chaos.ledger import START, STEP, Entry
from chaos.load import ACCEPTED, AMBIGUOUS, REFUSED, Asked, Kind
from chaos.record import Event, JobRow, Record

JOB = UUID(int=1)
OTHER = UUID(int=2)
STEPS = Kind("steps", "chaos.steps", 1, lambda _: {})
WORKER, NEXT_WORKER = 100, 200


def state(seq: int, name: str, **data: Any) -> Event:
    return Event(seq, "state", 1000.0 + seq, {"state": name, **data})


def entry(kind: str, fence: int, pid: int, name: str = "") -> Entry:
    return Entry(kind, JOB, fence, name, pid, 1000.0, 5.0)


def good() -> Record:
    """A job whose worker was killed in its second step, and that went on elsewhere."""
    return Record(
        jobs={
            JOB: JobRow(
                id=JOB,
                type="chaos.steps",
                state="succeeded",
                fence=2,
                settled_fence=2,
                event_seq=7,
                parent_id=None,
                key=0,
                result={"key": 0, "fence": 2, "pid": NEXT_WORKER},
                error=None,
            )
        },
        events={
            JOB: [
                state(1, "queued"),
                state(2, "running", fence=1),
                Event(3, "progress", 1003.0, None),
                state(4, "scheduled", fence=1, reason="rescued", crashes=1),
                state(5, "queued", reason="rescued"),
                state(6, "running", fence=2),
                state(7, "succeeded", fence=2),
            ]
        },
        steps={JOB: {"a": 1, "b": 2}},
        entries=[
            entry(START, 1, WORKER),
            entry(STEP, 1, WORKER, "a"),
            entry(STEP, 1, WORKER, "b"),
            entry(START, 2, NEXT_WORKER),
            entry(STEP, 2, NEXT_WORKER, "b"),
        ],
        asked=[Asked(0, STEPS, ACCEPTED, JOB)],
        wounds=[Wound("kill io worker", 1002.5, {WORKER})],
    )


def with_row(**changes: Any) -> Record:
    record = good()
    return replace(record, jobs={JOB: replace(record.jobs[JOB], **changes)})


def with_events(*events: Event) -> Record:
    record = good()
    row = replace(record.jobs[JOB], event_seq=len(events))
    return replace(record, jobs={JOB: row}, events={JOB: list(events)})


def with_entries(*more: Entry) -> Record:
    return replace(good(), entries=[*good().entries, *more])


def lost() -> Record:
    return replace(good(), asked=[*good().asked, Asked(1, STEPS, ACCEPTED, OTHER)])


def left_running() -> Record:
    return with_row(state="running")


def made_twice() -> Record:
    record = good()
    twin = replace(record.jobs[JOB], id=OTHER)
    return replace(
        record,
        jobs={**record.jobs, OTHER: twin},
        events={**record.events, OTHER: record.events[JOB]},
        asked=[Asked(0, STEPS, AMBIGUOUS)],
    )


def refused_and_stored() -> Record:
    return replace(good(), asked=[Asked(0, STEPS, REFUSED)])


def with_a_gap() -> Record:
    events = good().events[JOB]
    return replace(good(), events={JOB: [*events[:2], *events[3:]]})


def on_a_forbidden_path() -> Record:
    events = good().events[JOB]
    return with_events(*(replace(event, seq=n + 1) for n, event in enumerate(events[1:])))


def settled_twice() -> Record:
    return with_events(*good().events[JOB], state(8, "succeeded", fence=2))


def with_a_stale_result() -> Record:
    return with_row(result={"key": 0, "fence": 1, "pid": WORKER})


def settled_by_a_stale_fence() -> Record:
    return with_row(settled_fence=1)


def with_a_fence_left_out() -> Record:
    return with_row(fence=3, settled_fence=3)


def started_twice() -> Record:
    return with_entries(entry(START, 2, WORKER))


def started_without_a_claim() -> Record:
    return with_entries(entry(START, 3, WORKER))


def with_a_step_again() -> Record:
    return with_entries(entry(STEP, 2, NEXT_WORKER, "a"))


def with_a_step_twice_in_one_run() -> Record:
    return with_entries(entry(STEP, 2, NEXT_WORKER, "b"))


def with_a_step_forgotten() -> Record:
    return replace(good(), steps={JOB: {"a": 1}})


def ended_otherwise() -> Record:
    events = good().events[JOB]
    record = with_events(*events[:-1], state(7, "failed", fence=2))
    row = replace(record.jobs[JOB], state="failed", error={"code": "unexpected"})
    return replace(record, jobs={JOB: row})


def with_a_child_nobody_names() -> Record:
    record = good()
    child = replace(record.jobs[JOB], id=OTHER, parent_id=JOB)
    return replace(
        record,
        jobs={**record.jobs, OTHER: child},
        events={**record.events, OTHER: record.events[JOB]},
    )


def rescued_unharmed() -> Record:
    return replace(good(), wounds=[Wound("kill io worker", 1002.5, {NEXT_WORKER})])


def rescued_before_any_fault() -> Record:
    return replace(good(), wounds=[Wound("kill io worker", 2000.0, {WORKER})])


def test_a_killed_workers_job_that_went_on_elsewhere_breaks_nothing() -> None:
    assert violations(good()) == []


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        (lost, "lost"),
        (left_running, "lost"),
        (made_twice, "doubled"),
        (refused_and_stored, "doubled"),
        (with_a_gap, "events"),
        (on_a_forbidden_path, "states"),
        (settled_twice, "settled twice"),
        (with_a_stale_result, "fence"),
        (settled_by_a_stale_fence, "fence"),
        (with_a_fence_left_out, "fence"),
        (started_twice, "ran twice"),
        (started_without_a_claim, "ran twice"),
        (with_a_step_again, "step"),
        (with_a_step_twice_in_one_run, "step"),
        (with_a_step_forgotten, "step"),
        (ended_otherwise, "ending"),
        (with_a_child_nobody_names, "family"),
        (rescued_unharmed, "rescued"),
        (rescued_before_any_fault, "rescued"),
    ],
)
def test_a_broken_promise_is_found(broken: Callable[[], Record], check: str) -> None:
    assert check in {violation.check for violation in violations(broken())}
