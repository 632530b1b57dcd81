"""Workers: which live, what each of them runs, and how to be rid of one in good order."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query
from sqlalchemy import RowMapping
from starlette.requests import Request

from haulage.api import deps
from haulage.api.fleet_models import DrainDocument, HeldDocument, WorkerDocument, WorkerPage
from haulage.api.guard import Router, needs
from haulage.api.openapi import problems
from haulage.api.routes.jobs import NoQuery, known_uuid
from haulage.domain.errors import NotFound
from haulage.domain.scope import Scope
from haulage.storage.queue_reads import HeldJob, QueueReads

router = Router(prefix="/api/v1/workers", tags=["workers"])

JOBS_SHOWN = 100


@router.get("", responses=problems(400, 503), summary="List live workers")
@needs(Scope.READ)
async def listing(request: Request, _query: Annotated[NoQuery, Query()]) -> WorkerPage:
    """Those that have not ended, with what they have been running longest."""
    services = deps.of(request).services
    held = await QueueReads(services.database).held(most=JOBS_SHOWN)
    return WorkerPage(
        data=[
            _document(request, worker, held.get(worker["id"], ()))
            for worker in await services.workers.alive()
        ]
    )


@router.get("/{worker_id}", responses=problems(400, 404, 503), summary="Look at a worker")
@needs(Scope.READ)
async def show(
    request: Request, worker_id: str, _query: Annotated[NoQuery, Query()]
) -> WorkerDocument:
    """Also one that has ended, for a day."""
    return await _one(request, worker_id)


@router.post(
    "/{worker_id}/drain", status_code=202, responses=problems(404, 503), summary="Drain a worker"
)
@needs(Scope.ADMIN)
async def drain(request: Request, worker_id: str) -> WorkerDocument:
    """It takes no more jobs, finishes what it runs or gives it back after
    `HAULAGE_ENGINE_SHUTDOWN_S`, and exits. What watches over it may start another."""
    services, who = deps.of(request).services, deps.principal(request)
    worker = await _one(request, worker_id)
    await services.workers.drain(worker.id, by=who.subject)
    services.worker_bell.wake([worker.id])
    return await _one(request, worker_id)


async def _one(request: Request, worker_id: str) -> WorkerDocument:
    services = deps.of(request).services
    wanted = known_uuid(worker_id)
    worker = await services.workers.get(wanted) if wanted else None
    if worker is None:
        raise NotFound(f"There is no worker {worker_id[:100]}.")
    held = await QueueReads(services.database).held(most=JOBS_SHOWN, by=wanted)
    return _document(request, worker, held.get(worker["id"], ()))


def _document(request: Request, worker: RowMapping, held: Sequence[HeldJob]) -> WorkerDocument:
    tenant = deps.principal(request).tenant
    drain = None
    if worker["drain_at"] is not None:
        drain = DrainDocument(by=worker["drain_by"], since=worker["drain_at"])
    return WorkerDocument.model_validate(
        {
            **worker,
            "state": _state(worker),
            "drain": drain,
            "jobs": [
                HeldDocument(
                    id=job.job_id,
                    href=f"/api/v1/jobs/{job.job_id}",
                    type=job.type,
                    attempt=job.attempt,
                    claimed_at=job.claimed_at,
                )
                for job in held
                if job.tenant == tenant
            ],
        }
    )


def _state(worker: RowMapping) -> str:
    if worker["ended_at"] is not None:
        return "ended"
    return "live" if worker["drain_at"] is None else "draining"
