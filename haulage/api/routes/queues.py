"""Queues: what lies in them, who serves them; pause and resume."""

from collections.abc import Iterable, Mapping
from typing import Annotated

from fastapi import Query
from sqlalchemy import RowMapping
from starlette.requests import Request

from haulage.api import deps
from haulage.api.bodies import read_model
from haulage.api.faults import nearest
from haulage.api.fleet_models import (
    PauseBody,
    PauseDocument,
    QueueDocument,
    QueuePage,
    counts,
)
from haulage.api.guard import Router, needs
from haulage.api.openapi import json_body, problems
from haulage.api.routes.jobs import NoQuery
from haulage.domain.errors import NotFound
from haulage.domain.scope import Scope
from haulage.storage.queue_reads import QueueDepth
from haulage.storage.queue_store import Pause

router = Router(prefix="/api/v1/queues", tags=["queues"])

EMPTY = QueueDepth()


@router.get("", responses=problems(400, 503), summary="List queues")
@needs(Scope.READ)
async def listing(request: Request, _query: Annotated[NoQuery, Query()]) -> QueuePage:
    """Every queue that a setting names or a job lies in."""
    return QueuePage(data=await _all(request))


@router.get("/{name}", responses=problems(400, 404, 503), summary="Look at a queue")
@needs(Scope.READ)
async def show(request: Request, name: str, _query: Annotated[NoQuery, Query()]) -> QueueDocument:
    """Its depth by state and lane, its oldest job, who serves it and who paused it."""
    return await _one(request, name)


@router.post(
    "/{name}/pause",
    responses=problems(400, 404, 413, 415, 422, 503),
    openapi_extra=json_body("PauseBody"),
    summary="Pause a queue",
)
@needs(Scope.ADMIN)
async def pause(request: Request, name: str) -> QueueDocument:
    """Its jobs wait, what runs goes on. Paused before, the first one's words stay."""
    parts, who = deps.of(request), deps.principal(request)
    body = await read_model(request, PauseBody, limit=parts.settings.api.max_body_bytes)
    await _one(request, name)
    await parts.services.queues.pause(name, by=who.subject, reason=body.reason)
    return await _one(request, name)


@router.post("/{name}/resume", responses=problems(404, 503), summary="Resume a queue")
@needs(Scope.ADMIN)
async def resume(request: Request, name: str) -> QueueDocument:
    """Its jobs are rung again within a tick of the dispatcher."""
    await _one(request, name)
    await deps.of(request).services.queues.resume(name)
    return await _one(request, name)


async def _one(request: Request, name: str) -> QueueDocument:
    known = {one.name: one for one in await _all(request)}
    if name not in known:
        raise NotFound(f"There is no queue {name[:100]!r}.{nearest(name, known)}")
    return known[name]


async def _all(request: Request) -> list[QueueDocument]:
    parts = deps.of(request)
    services = parts.services
    depths = await services.depths.now()
    pauses = {one.queue: one for one in await services.queues.paused()}
    workers = await services.workers.alive()
    pools = parts.settings.queue_pools
    now = services.clock.now()
    found = []
    for name in sorted({*pools, *depths, *pauses}):
        depth = depths.get(name, EMPTY)
        serving = [
            worker for worker in workers if name in worker["queues"] and worker["drain_at"] is None
        ]
        oldest = depth.oldest_at
        found.append(
            QueueDocument.model_validate(
                {
                    "name": name,
                    "pool": pools.get(name),
                    "paused": _pause(pauses.get(name)),
                    "waiting": depth.fresh + depth.retries,
                    "fresh": depth.fresh,
                    "retries": depth.retries,
                    "by_priority": counts(dict(depth.by_priority or {})),
                    "running": depth.running,
                    "scheduled": depth.scheduled,
                    "waiting_for_children": depth.waiting_for_children,
                    "oldest_waiting_at": oldest,
                    "oldest_waiting_s": oldest and max((now - oldest).total_seconds(), 0.0),
                    "workers": len(serving),
                    "free_slots": _free(serving),
                    "ended_per_s": _pace(name, workers),
                }
            )
        )
    return found


def _pause(pause: Pause | None) -> PauseDocument | None:
    if pause is None:
        return None
    return PauseDocument(by=pause.by, reason=pause.reason, since=pause.since)


def _pace(name: str, workers: Iterable[RowMapping]) -> float:
    paces: list[Mapping[str, float]] = [worker["paces"] or {} for worker in workers]
    return round(sum(pace.get(name, 0.0) for pace in paces), 1)


def _free(workers: Iterable[RowMapping]) -> int:
    return sum(max(worker["slots"] - worker["in_flight"], 0) for worker in workers)
