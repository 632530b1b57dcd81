"""What has to be true after a run, whatever was broken. Each check yields its violations."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from uuid import UUID

from chaos.ledger import START, STEP, Entry
from chaos.load import ACCEPTED, AMBIGUOUS
from chaos.record import JobRow, Record
from haulage.domain.lifecycle import INITIAL, TERMINAL, State, may

# From a worker's death to the event that takes its jobs back, at the very longest.
RESCUED_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that did not hold. `job_id` None: it is about no job in the tables."""

    check: str
    job_id: UUID | None
    what: str


Check = Callable[[Record], Iterator[Violation]]


def nothing_is_lost(record: Record) -> Iterator[Violation]:
    """Every accepted job is there and over; so is every other job in the table."""
    for asked in record.asked:
        if asked.answer == ACCEPTED and asked.job_id not in record.jobs:
            yield Violation("lost", asked.job_id, f"submission {asked.key} was answered 202")
    for job in record.jobs.values():
        if job.state not in TERMINAL:
            yield Violation("lost", job.id, f"{job.type} is still {job.state}")


def a_submission_is_one_job(record: Record) -> Iterator[Violation]:
    """No job but the accepted one; where the answer was lost, one or none."""
    by_key: dict[int, list[UUID]] = defaultdict(list)
    for job in record.jobs.values():
        if job.parent_id is None:
            by_key[job.key].append(job.id)
    for asked in record.asked:
        found = by_key.pop(asked.key, [])
        if asked.answer == ACCEPTED and found != [asked.job_id]:
            yield Violation("doubled", asked.job_id, f"submission {asked.key} made {found}")
        elif asked.answer == AMBIGUOUS and len(found) > 1:
            yield Violation("doubled", found[0], f"submission {asked.key} made {found}")
        elif asked.answer not in (ACCEPTED, AMBIGUOUS) and found:
            yield Violation("doubled", found[0], f"submission {asked.key} was refused")
    for key, found in by_key.items():
        yield Violation("doubled", found[0], f"nobody submitted {key}")


def events_have_no_gap(record: Record) -> Iterator[Violation]:
    """Sequence 1..n, where n is the row's own count."""
    for job in record.jobs.values():
        numbers = [event.seq for event in record.events.get(job.id, [])]
        if numbers != list(range(1, job.event_seq + 1)):
            yield Violation("events", job.id, f"sequence {numbers}, the row says {job.event_seq}")


def states_follow_the_table(record: Record) -> Iterator[Violation]:
    """State events are a path of the lifecycle that ends in the row's state."""
    for job in record.jobs.values():
        states = [State(event.state) for event in record.events[job.id] if event.state]
        if not states or states[0] not in INITIAL or states[-1] != job.state:
            yield Violation("states", job.id, f"{states} and the row says {job.state}")
        for before, after in pairwise(states):
            if not may(before, after):
                yield Violation("states", job.id, f"{before} → {after}")


def nothing_settles_twice(record: Record) -> Iterator[Violation]:
    """At most one terminal event, and no state after it."""
    for job_id in record.jobs:
        states = [event.state for event in record.events[job_id] if event.state]
        ends = [place for place, state in enumerate(states) if state in TERMINAL]
        if len(ends) > 1 or any(place != len(states) - 1 for place in ends):
            yield Violation("settled twice", job_id, f"{states}")


def a_result_belongs_to_its_fence(record: Record) -> Iterator[Violation]:
    """The run that settled is the last that was claimed, and the result is its own."""
    for job in record.jobs.values():
        if job.state != State.SUCCEEDED:
            continue
        claimed = _claimed_fences(record, job)
        made_by = (job.result or {}).get("fence")
        if not claimed or not claimed[-1] == job.settled_fence == job.fence == made_by:
            yield Violation(
                "fence",
                job.id,
                f"claimed {claimed}, row {job.fence}, settled {job.settled_fence}, "
                f"the result was made under {made_by}",
            )


def fences_only_grow(record: Record) -> Iterator[Violation]:
    """Claims have the fences 1, 2, 3, …"""
    for job in record.jobs.values():
        claimed = _claimed_fences(record, job)
        if claimed != list(range(1, job.fence + 1)):
            yield Violation("fence", job.id, f"claimed {claimed}, the row says {job.fence}")


def a_fence_runs_once(record: Record) -> Iterator[Violation]:
    """By the ledger, a handler starts at most once under a fence, and only under a claimed one."""
    starts = Counter((one.job_id, one.fence) for one in _entries(record, START))
    for (job_id, fence), count in starts.items():
        if count > 1:
            yield Violation("ran twice", job_id, f"{count} starts under fence {fence}")
        job = record.jobs.get(job_id)
        if job is None or not 1 <= fence <= job.fence:
            yield Violation("ran twice", job_id, f"a start under fence {fence}, never claimed")


def a_finished_step_never_runs_again(record: Record) -> Iterator[Violation]:
    """Once stored under a fence, no later fence has its effect; under one fence it happens once.

    Later fences are claimed after the step's commit, so this needs no clock.
    """
    effects = Counter((one.job_id, one.name, one.fence) for one in _entries(record, STEP))
    for (job_id, name, fence), count in effects.items():
        stored = record.steps.get(job_id, {}).get(name)
        if count > 1:
            yield Violation("step", job_id, f"{name} ran {count} times under fence {fence}")
        if stored is not None and fence > stored:
            yield Violation("step", job_id, f"{name}, stored under {stored}, ran under {fence}")


def a_success_has_all_its_steps(record: Record) -> Iterator[Violation]:
    """Each effect of a job that succeeded is a stored step, and the other way round."""
    effects: dict[UUID, set[str]] = defaultdict(set)
    for one in _entries(record, STEP):
        effects[one.job_id].add(one.name)
    for job in record.jobs.values():
        stored = set(record.steps.get(job.id, {}))
        if job.state == State.SUCCEEDED and stored != effects[job.id]:
            yield Violation("step", job.id, f"stored {stored}, ran {effects[job.id]}")


def jobs_end_as_they_should(record: Record) -> Iterator[Violation]:
    """What can succeed does, a confirmed cancel ends in `cancelled`, nobody else is cancelled."""
    for asked in record.asked:
        job = record.jobs.get(asked.job_id) if asked.job_id else None
        if job is None or job.state not in TERMINAL:
            continue
        if job.state != asked.kind.ends:
            yield Violation(
                "ending", job.id, f"{asked.kind.name} ended {job.state}: {job.error or ''}"
            )


def families_hold_together(record: Record) -> Iterator[Violation]:
    """A parent has the children that its result names, once; none failed below a success."""
    families: dict[UUID, set[UUID]] = defaultdict(set)
    for job in record.jobs.values():
        if job.parent_id is not None:
            families[job.parent_id].add(job.id)
            parent = record.jobs.get(job.parent_id)
            if parent is None or parent.state == State.SUCCEEDED != job.state:
                yield Violation("family", job.id, f"{job.state} below {parent}")
    for job in record.jobs.values():
        named = (job.result or {}).get("children", [])
        if job.state == State.SUCCEEDED and {UUID(one) for one in named} != families[job.id]:
            yield Violation("family", job.id, f"has {families[job.id]}, names {named}")


def nothing_healthy_is_rescued(record: Record) -> Iterator[Violation]:
    """A job is taken back only when its own worker was a victim, and soon after."""
    pids = {(one.job_id, one.fence): one.pid for one in _entries(record, START)}
    struck = [wound for wound in record.wounds if wound.pids]
    for job in record.jobs.values():
        for event in record.events[job.id]:
            if event.data is None or "crashes" not in event.data:
                continue  # only the event that takes a job back counts crashes
            pid = pids.get((job.id, event.data["fence"]))  # None: it died before the start
            guilty = [
                wound
                for wound in struck
                if 0 <= event.at - wound.struck_at <= RESCUED_WITHIN_S
                and (pid is None or pid in wound.pids)
            ]
            if not guilty:
                yield Violation("rescued", job.id, f"fence {event.data['fence']}, pid {pid}")


CHECKS: tuple[Check, ...] = (
    nothing_is_lost,
    a_submission_is_one_job,
    events_have_no_gap,
    states_follow_the_table,
    nothing_settles_twice,
    a_result_belongs_to_its_fence,
    fences_only_grow,
    a_fence_runs_once,
    a_finished_step_never_runs_again,
    a_success_has_all_its_steps,
    jobs_end_as_they_should,
    families_hold_together,
    nothing_healthy_is_rescued,
)


def violations(record: Record) -> list[Violation]:
    """All that was broken, in the order of the checks."""
    return [one for check in CHECKS for one in check(record)]


def _claimed_fences(record: Record, job: JobRow) -> list[int]:
    return [
        event.data["fence"]
        for event in record.events[job.id]
        if event.data is not None and event.state == State.RUNNING
    ]


def _entries(record: Record, kind: str) -> Iterator[Entry]:
    return (one for one in record.entries if one.kind == kind)
