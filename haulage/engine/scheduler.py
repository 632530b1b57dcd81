"""Cron schedules: what is due is submitted, in its own time zone, once.

Times that a clock change skips or repeats are treated as Debian's cron does: a fixed time of day
that does not exist runs at the first moment after the gap, one that comes twice runs the first time
only; an expression with `*` in its minutes or hours follows elapsed time through both.

A run that its tenant's credits do not suffice for is dropped, and the log says so.

A run that is late by more than `GRACE_S` was missed (no dispatcher led), and the schedule says what
becomes of it: `skip` drops it, `run_once` makes one job for all that were missed, `run_all` makes
one for each, but no more than the last `MAX_CATCH_UP`.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice, takewhile
from uuid import UUID
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from haulage.domain.errors import Fault, InvalidInput, UnknownJobType
from haulage.domain.ids import uuid7
from haulage.domain.job import MAX_TAG_LENGTH, MAX_TAGS, NewJob
from haulage.domain.job_type import Policy
from haulage.domain.submission import accept_input
from haulage.engine.job_spans import firing_span
from haulage.engine.services import Services
from haulage.storage.json_text import loads
from haulage.storage.schedule_store import (
    Firing,
    Missed,
    Schedule,
    ScheduleFault,
    ScheduleStore,
)
from haulage.telemetry import logs, tracing
from haulage.telemetry.metrics import SCHEDULED_RUNS

log = logs.get(__name__)

FIELDS = 5
GRACE_S = 60.0
MAX_CATCH_UP = 100


class Scheduler:
    """Fires what is due: one round submits every run whose moment has come."""

    name = "scheduler"
    every_s = 0.5

    def __init__(self, store: ScheduleStore, services: Services) -> None:
        self._store = store
        self._services = services

    async def round(self, go_on: Callable[[], bool]) -> None:
        """Fire until nothing is due or `go_on` says no.

        A schedule that can't be fired is left as it is and tried again in the next round.
        """
        broken: list[UUID] = []
        while go_on():
            try:
                fired = await self._store.fire_next(self._plan, but_not=broken)
            except ScheduleFault as error:
                broken.append(error.schedule_id)
                SCHEDULED_RUNS.labels(outcome="failed").inc()
                log.exception("schedule.broken", schedule_id=str(error.schedule_id))
                continue
            if fired is None:
                break
            if fired.unpaid is not None:
                SCHEDULED_RUNS.labels(outcome="unpaid").inc()
                log.warning(
                    "schedule.unpaid",
                    schedule_id=str(fired.schedule.id),
                    due_at=fired.schedule.next_run_at,
                    lacking=fired.unpaid.lacking,
                )
                continue
            SCHEDULED_RUNS.labels(outcome="fired").inc(len(fired.jobs))
            self._services.event_bell.rang(job.id for job in fired.jobs)
            log.info(
                "schedule.fired",
                schedule_id=str(fired.schedule.id),
                jobs=len(fired.jobs),
                due_at=fired.schedule.next_run_at,
            )

    async def _plan(self, schedule: Schedule, now: datetime) -> Firing:
        slots = duemoments(schedule, now)
        # Each firing is a trace of its own, and the jobs that it makes are in it.
        with firing_span(schedule.id, tenant=schedule.tenant, jobs=len(slots)):
            jobs = [self._job(schedule, slot) for slot in slots]
            return Firing(
                await self._services.till.priced(jobs),
                next_run(schedule.cron, schedule.timezone, after=now),
            )

    def _job(self, schedule: Schedule, slot: datetime) -> NewJob:
        try:
            declared = self._services.registry.get(schedule.type)
            policy = declared.policy
            files = accept_input(declared, loads(schedule.input)).files
        except UnknownJobType:
            # A deploy in progress: the worker that takes the job says so and waits.
            policy, files = Policy(), ()
        except InvalidInput:
            # And this one says so and fails.
            files = ()
        return NewJob(
            id=uuid7(),
            type=schedule.type,
            input=schedule.input,
            queue=schedule.queue,
            priority=schedule.priority,
            tenant=schedule.tenant,
            # Which run it is: a job that makes up for a missed one starts later than its slot.
            tags=(*schedule.tags, f"schedule:{schedule.name}", f"slot:{slot:%Y-%m-%dT%H:%M:%SZ}"),
            max_attempts=policy.max_attempts,
            max_crashes=policy.max_crashes,
            timeout_s=policy.timeout_s,
            rings=False,
            files=files,
            traceparent=tracing.current(),
        )


def check(cron: str, timezone: str, tags: Sequence[str] = ()) -> None:
    """Raise `InvalidInput` unless these make a schedule that will run at least once."""
    faults = []
    zone: ZoneInfo | None = None
    try:
        zone = ZoneInfo(timezone)
    except (KeyError, ValueError, OSError):
        faults.append(Fault("/timezone", "must be a time zone such as Europe/Rome or UTC"))
    try:
        if len(cron.split()) != FIELDS:
            raise CronSimError("it needs five fields: minute hour day month weekday")
        next(CronSim(cron, datetime.now(zone or UTC)))
    except CronSimError as error:
        faults.append(Fault("/cron", f"must be a cron expression: {error}"))
    except StopIteration:
        faults.append(Fault("/cron", "never comes"))
    if len(tags) > MAX_TAGS - 2 or any(len(tag) > MAX_TAG_LENGTH for tag in tags):
        faults.append(Fault("/tags", f"at most {MAX_TAGS - 2} of {MAX_TAG_LENGTH} characters"))
    if faults:
        raise InvalidInput("The schedule does not fit.", tuple(faults))


def next_run(cron: str, timezone: str, *, after: datetime) -> datetime | None:
    """The first moment of `cron` later than `after`, in UTC; None when there is none."""
    return next(moments(cron, timezone, after=after), None)


def duemoments(schedule: Schedule, now: datetime) -> list[datetime]:
    """The runs to make now, by the schedule's policy for missed ones; oldest first, in UTC."""
    assert schedule.next_run_at is not None
    first = schedule.next_run_at
    grace_ends = now - timedelta(seconds=GRACE_S)
    if first >= grace_ends:
        since = first
    elif schedule.missed is Missed.RUN_ALL:
        return _newest(schedule, first, now)
    elif schedule.missed is Missed.RUN_ONCE:
        # One for all; it stands for the latest of them.
        return _newest(schedule, first, now)[-1:]
    else:
        since = grace_ends
    # `moments` begins after the moment it is given, and a slot is a whole minute.
    due = moments(schedule.cron, schedule.timezone, after=since - timedelta(seconds=1))
    return list(takewhile(lambda slot: slot <= now, due))


def _newest(schedule: Schedule, first: datetime, now: datetime) -> list[datetime]:
    """The last `MAX_CATCH_UP` moments from `first` to `now`, found backwards."""
    # From well after now: in the hour that comes twice, what was due in its first half reads later.
    start = (now + timedelta(hours=3)).astimezone(ZoneInfo(schedule.timezone))
    found = (slot.astimezone(UTC) for slot in CronSim(schedule.cron, start, reverse=True))
    late = takewhile(lambda slot: slot >= first, (slot for slot in found if slot <= now))
    # Two times that a clock change makes one moment are one run.
    return sorted(set(islice(late, MAX_CATCH_UP)))


def moments(cron: str, timezone: str, *, after: datetime) -> Iterator[datetime]:
    """The moments of `cron` after `after`, in UTC, growing."""
    last = after.astimezone(UTC)
    for slot in CronSim(cron, last.astimezone(ZoneInfo(timezone))):
        moment = slot.astimezone(UTC)
        # In the hour that comes twice a fixed time is found again; in a gap two become one.
        if moment > last:
            last = moment
            yield moment
