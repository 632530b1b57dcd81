"""'Why isn't it running?', answered for every job.

An answer is a list of causes, the one that decides first. `code` is stable, `message` a sentence
for people, `until` when the cause ends by itself, where that is known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from haulage.domain import bulk
from haulage.domain.holdup import HoldupKind
from haulage.domain.lifecycle import Reason, State
from haulage.engine.services import Services
from haulage.storage.capped_claims import running_of
from haulage.storage.queue_store import Pause
from haulage.storage.why_reads import COUNT_UP_TO, Standing, WhyReads


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that stands between a job and its run."""

    code: str
    message: str
    until: datetime | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """The job's state and why it is not running; a job that runs or is over says so."""

    state: State
    causes: Sequence[Cause]


# Of an error's message; its whole is in the details.
MAX_BECAUSE = 200
# What a job that is scheduled is waiting for, by the reason its row keeps.
_SCHEDULED: dict[str, tuple[str, str]] = {
    Reason.RUN_AT: ("scheduled", "It was submitted to run at {at}."),
    Reason.RETRY: (
        "retry",
        "Attempt {attempt} of {max_attempts} failed{because}. The next begins at {at}.",
    ),
    Reason.SNOOZE: ("snoozed", "Its handler put it off until {at}; that costs no attempt."),
    Reason.RESCUED: ("rescued", "Its worker died; it runs again at once."),
    Reason.GIVEN_BACK: ("given_back", "Its worker shut down; another one takes it at once."),
    Reason.UNKNOWN_TYPE: (
        "unknown_type",
        "The worker that took it does not know the type {type!r}, as in the middle of a deploy. "
        "It is tried again at {at}; if no worker ever knows the type, start one that does.",
    ),
    Reason.UNKNOWN_KEY: (
        "unknown_key",
        "The worker that took it has not the key that it is sealed by, as in the middle of a "
        "rotation. It is tried again at {at}; that costs no attempt. Give HAULAGE_PAYLOAD_KEYS of "
        "every worker that key.",
    ),
}
# And where it gave its slot back to a limit, by the kind of it.
_PARKED: dict[str, str] = {
    HoldupKind.LIMIT: "{pool} is at its limit of {limit}. It goes on at {at}, {wait} from now, and "
    "keeps its place in line; that costs no attempt.",
    HoldupKind.QUOTA: "The quota of {pool} is used up: {limit}. It goes on at {at}, {wait} from "
    "now; that costs no attempt.",
    HoldupKind.BREAKER: "The circuit breaker of {pool} is open after too many failures. It is "
    "asked again at {at}, {wait} from now; that costs no attempt.",
    HoldupKind.PROVIDER: "{pool} asked for fewer calls. It goes on at {at}, {wait} from now; that "
    "costs no attempt.",
    HoldupKind.LIMITER: "Redis does not answer, so nobody can tell what is left of the limits of "
    "{pool}. It is tried again at {at}; that costs no attempt. Check HAULAGE_REDIS_URL.",
}


async def why(
    services: Services, job_id: UUID, *, tenant: str, cap: int | None = None
) -> Answer | None:
    """Why the job is not running; None when the tenant has no such job. `cap` is the tenant's."""
    reads = WhyReads(services.database)
    job = await reads.standing(job_id, tenant=tenant)
    if job is None:
        return None
    match job.state:
        case State.SCHEDULED:
            waits = await _parked(services, reads, job)
            causes = [waits or _scheduled(job), *await _queue_causes(services, job)]
        case State.QUEUED:
            held = [*await _queue_causes(services, job), *await _cap(services, job, cap)]
            causes = [*held, await _turn(reads, job)]
        case State.WAITING:
            causes = [await _children(reads, job)]
        case State.RUNNING:
            causes = [_running(job)]
        case _:
            causes = [_over(job)]
    return Answer(job.state, causes)


def _scheduled(job: Standing) -> Cause:
    # A handler may give a snooze a reason in its own words.
    code, message = _SCHEDULED.get(job.reason or "", _SCHEDULED[Reason.SNOOZE])
    details: dict[str, Any] = {"reason": job.reason}
    if job.error is not None:
        details["error"] = {"code": job.error.get("code"), "message": job.error.get("message")}
    said = message.format(
        at=_at(job.scheduled_at),
        attempt=job.attempt,
        max_attempts=job.max_attempts,
        type=job.type,
        because=_because(job),
    )
    return Cause(code, said, job.scheduled_at, details)


async def _parked(services: Services, reads: WhyReads, job: Standing) -> Cause | None:
    """What a parked job waits for, and for how long still."""
    if job.reason not in _PARKED:
        return None
    waits_for = await reads.waits_for(job.id)
    left_s = max((job.scheduled_at - services.clock.now()).total_seconds(), 0.0)
    said = _PARKED[job.reason].format(
        pool=waits_for.get("pool", "A provider"),
        limit=waits_for.get("limit", "a limit"),
        at=_at(job.scheduled_at),
        wait=_duration(left_s),
    )
    details = {**waits_for, "wait_s": round(left_s, 3)}
    return Cause(job.reason, said, job.scheduled_at, details)


async def _queue_causes(services: Services, job: Standing) -> list[Cause]:
    """What keeps the whole queue from running."""
    causes = []
    for pause in await services.queues.paused():
        if pause.queue == job.queue:
            causes.append(_paused(pause))
    serving = [
        one
        for one in await services.workers.alive()
        if job.queue in one["queues"] and one["drain_at"] is None
    ]
    if not serving:
        causes.append(
            Cause(
                "no_worker",
                f"No live worker serves the queue {job.queue!r}. "
                f"Start one: haulage worker --queues {job.queue}",
                details={"queue": job.queue},
            )
        )
    return causes


def _paused(pause: Pause) -> Cause:
    because = f": {pause.reason}" if pause.reason else ", without a reason"
    return Cause(
        "queue_paused",
        f"The queue {pause.queue!r} was paused by {pause.by} at {_at(pause.since)}{because}.",
        details={
            "queue": pause.queue,
            "by": pause.by,
            "reason": pause.reason,
            "since": pause.since,
        },
    )


async def _cap(services: Services, job: Standing, cap: int | None) -> list[Cause]:
    """The tenant's cap, if that is reached."""
    if cap is None or job.queue == bulk.QUEUE:
        return []
    running = (await running_of(services.database, [job.tenant])).get(job.tenant, 0)
    if running < cap:
        return []
    return [
        Cause(
            "tenant_cap",
            f"The tenant is at its cap ({running} of {cap} running). Its next job goes on when one "
            "of them ends; jobs of other tenants pass it by.",
            details={"running": running, "cap": cap},
        )
    ]


async def _turn(reads: WhyReads, job: Standing) -> Cause:
    rung, earlier = await reads.ahead(job)
    details = {"rung": rung, "earlier": earlier, "queue": job.queue}
    if job.rung_at is not None and job.alone:
        return Cause(
            "isolated",
            f"{job.suspicion} workers died while it and others ran in them, so it was rung at "
            f"{_at(job.rung_at)} for a process of its own on a worker of the queue 'cpu'. If none "
            "takes it soon it goes on among others.",
            details={**details, "worker_deaths": job.suspicion},
        )
    if job.rung_at is not None:
        return Cause(
            "on_its_way",
            f"It was rung at {_at(job.rung_at)} and is next for a worker of the queue "
            f"{job.queue!r}" + (f", as are {_count(rung)} more." if rung else "."),
            details=details,
        )
    if not rung and not earlier:
        return Cause(
            "behind",
            f"None of yours comes before it in the queue {job.queue!r}; the dispatcher rings it "
            "when there is room.",
            details=details,
        )
    return Cause(
        "behind",
        f"{_count(rung)} of the queue {job.queue!r} {'is' if rung == 1 else 'are'} on the way to "
        f"workers and {_count(earlier)} of yours come before it; tenants take turns.",
        details=details,
    )


async def _children(reads: WhyReads, job: Standing) -> Cause:
    total, shown = await reads.live_children(job.id)
    return Cause(
        "children",
        f"It waits for {total} of its children and holds no slot meanwhile.",
        details={
            "count": total,
            "children": [
                {"id": str(one.id), "type": one.type, "state": one.state.value} for one in shown
            ],
        },
    )


def _running(job: Standing) -> Cause:
    since = f" since {_at(job.claimed_at)}" if job.claimed_at else ""
    return Cause(
        "running",
        f"It is running{since} on {job.worker_name or 'a worker'}.",
        details={"worker_id": str(job.worker_id), "worker": job.worker_name},
    )


def _over(job: Standing) -> Cause:
    by = f" by {job.cancelled_by}" if job.cancelled_by else ""
    at = f" at {_at(job.finished_at)}" if job.finished_at else ""
    details = {}
    if job.error is not None:
        details["error"] = {"code": job.error.get("code"), "message": job.error.get("message")}
    verb = {State.SUCCEEDED: "succeeded", State.FAILED: "failed"}.get(job.state, "was cancelled")
    because = _because(job) if job.state is State.FAILED else ""
    return Cause("over", f"It {verb}{by}{at}{because}.", details=details)


def _because(job: Standing) -> str:
    """`: no_such_page: There is no page 7`, in a sentence that goes on with a full stop."""
    if job.error is None:
        return ""
    said = " ".join(str(job.error.get("message") or "").split())
    if len(said) > MAX_BECAUSE:
        said = f"{said[:MAX_BECAUSE]} …"
    told = ": ".join(part for part in (str(job.error.get("code") or ""), said) if part)
    return f": {told.rstrip('.')}" if told else ""


def _count(number: int) -> str:
    return f"{number}" if number < COUNT_UP_TO else f"{COUNT_UP_TO} or more"


def _duration(seconds: float) -> str:
    """Two units at most: `3 h 20 min`, `12 s`."""
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    units = ((days, "d"), (hours, "h"), (minutes, "min"), (left, "s"))
    said = [f"{count} {unit}" for count, unit in units if count]
    return " ".join(said[:2]) or "0 s"


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
