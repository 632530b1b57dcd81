"""`GET /stats`: what happened over time, and what waits now."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Query
from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from haulage.api import deps
from haulage.api.documents import utc
from haulage.api.errors import Refusal
from haulage.api.faults import QueryFault
from haulage.api.guard import Router, needs
from haulage.api.openapi import problems
from haulage.api.stat_models import STEPS, StatQuery, StatsDocument
from haulage.domain.histogram import quantile
from haulage.domain.scope import Scope
from haulage.engine.services import Services
from haulage.storage.stat_store import COUNTS, KEPT, StatStore, Sum, floor

router = Router(prefix="/api/v1/stats", tags=["stats"])

POINTS = 300
MAX_POINTS = 1_500
HOUR = timedelta(hours=1)


@router.get(
    "",
    response_class=Response,
    responses={200: {"model": StatsDocument}, **problems(400, 503)},
    summary="What happened over time",
)
@needs(Scope.READ)
async def stats(request: Request, query: Annotated[StatQuery, Query()]) -> Response:
    """Throughput, waiting times, durations and failures as a series, and the depths of now."""
    services, tenant = deps.of(request).services, deps.principal(request).tenant
    now = services.clock.now()
    try:
        start, end, step_s = _span(query, now)
    except OverflowError as error:
        raise _unfit("from", "is at the end of all time") from error
    found = await StatStore(services.database).series(
        tenant=tenant,
        step_s=_made_of(step_s),
        start=start,
        end=end,
        types=query.type,
        queues=query.queue,
    )
    step = timedelta(seconds=step_s)
    sums = {start + step * number: Sum() for number in range(_points(start, end, step_s))}
    total = Sum()
    for at, one in found:
        sums[floor(at, step_s)].add(one)
        total.add(one)
    document = {
        "from": utc(start),
        "to": utc(end),
        "step_s": step_s,
        "data": [{"at": utc(at), **_shown(one)} for at, one in sums.items()],
        "total": _shown(total),
        "now": {"at": utc(now), "queues": await _now(services, now, query.queue)},
    }
    return Response(to_json(document), media_type="application/json")


def _span(query: StatQuery, now: datetime) -> tuple[datetime, datetime, int]:
    """Whole steps that hold all of what is asked for; raises `Refusal`."""
    # Spans do not hold their end, and this very moment is wanted.
    end = query.to or now + timedelta(microseconds=1)
    start = query.since or end - HOUR
    if start >= end:
        raise _unfit("from", "must be before `to`")
    seconds = (end - start).total_seconds()
    if query.step is not None:
        step_s = STEPS[query.step]
        if seconds / step_s > MAX_POINTS:
            fitting = [name for name, step in STEPS.items() if seconds / step <= MAX_POINTS]
            mend = f"take {fitting[0]} or a shorter span" if fitting else "take a shorter span"
            raise _unfit("step", f"makes more than {MAX_POINTS} points; {mend}")
    else:
        fine = [
            step
            for step in STEPS.values()
            if seconds / step <= POINTS and now - start <= KEPT[_made_of(step)]
        ]
        step_s = fine[0] if fine else STEPS["1d"]
        if seconds / step_s > MAX_POINTS:
            raise _unfit("from", f"is more than {MAX_POINTS} days before `to`")
    start = floor(start, step_s)
    return start, start + timedelta(seconds=step_s) * _points(start, end, step_s), step_s


def _made_of(step_s: int) -> int:
    """The coarsest sums that steps can be made of."""
    return max(kept_s for kept_s in KEPT if step_s % kept_s == 0)


def _points(start: datetime, end: datetime, step_s: int) -> int:
    return -(-(end - start) // timedelta(seconds=step_s))


def _shown(one: Sum) -> dict[str, Any]:
    return {
        **{name: one.counts[name] for name in COUNTS},
        "latency": _times(one.latency),
        "duration": _times(one.duration),
        "failures": dict(one.failures),
    }


def _times(slots: Counter[int]) -> dict[str, Any] | None:
    if not slots:
        return None
    return {
        "count": slots.total(),
        **{f"p{share}_s": quantile(slots, share / 100) for share in (50, 95, 99)},
    }


async def _now(services: Services, now: datetime, queues: list[str]) -> list[dict[str, Any]]:
    depths = await services.depths.now()
    return [
        {
            "queue": name,
            "waiting": depth.fresh + depth.retries,
            "running": depth.running,
            "scheduled": depth.scheduled,
            "waiting_for_children": depth.waiting_for_children,
            "oldest_waiting_s": depth.oldest_at
            and max((now - depth.oldest_at).total_seconds(), 0.0),
        }
        for name, depth in sorted(depths.items())
        if not queues or name in queues
    ]


def _unfit(parameter: str, message: str) -> Refusal:
    return Refusal(
        400,
        "invalid_query",
        "The query does not fit",
        f"{parameter}: {message}",
        errors=(QueryFault(parameter, message),),
    )
