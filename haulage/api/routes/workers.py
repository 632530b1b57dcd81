"""Workers: which live, what each of them runs."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request

from haulage.api import deps
from haulage.api.fleet_models import HeldDocument, WorkerDocument, WorkerPage
from haulage.api.openapi import problems
from haulage.api.routes.jobs import NoQuery
from haulage.storage.queue_reads import QueueReads

router = APIRouter(prefix="/api/v1/workers", tags=["workers"])

JOBS_SHOWN = 100


@router.get("", responses=problems(400, 503), summary="List live workers")
async def listing(request: Request, _query: Annotated[NoQuery, Query()]) -> WorkerPage:
    """Those that have not ended, with what they have been running longest."""
    services, tenant = deps.of(request).services, deps.principal(request).tenant
    held = await QueueReads(services.database).held(most=JOBS_SHOWN)
    return WorkerPage(
        data=[
            WorkerDocument.model_validate(
                {
                    **worker,
                    "jobs": [
                        HeldDocument(
                            id=job.job_id,
                            type=job.type,
                            attempt=job.attempt,
                            claimed_at=job.claimed_at,
                        )
                        for job in held.get(worker["id"], ())
                        if job.tenant == tenant
                    ],
                }
            )
            for worker in await services.workers.alive()
        ]
    )
