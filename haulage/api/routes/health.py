"""`/health`: this process answers. `/ready`: a job would run. `/metrics`: for Prometheus."""

import json
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from haulage import __version__
from haulage.api import deps
from haulage.api.guard import Router, needs
from haulage.domain.scope import Scope

router = Router(tags=["health"])

_JSON: dict[str, Any] = {"content": {"application/json": {}}}
_HEALTH = json.dumps({"status": "ok", "service": "haulage", "version": __version__}).encode()


@router.get(
    "/health",
    response_class=Response,
    responses={200: {"description": "It answers", **_JSON}},
    summary="Does this process answer?",
)
@needs()
async def health() -> Response:
    """Asks nobody else."""
    return Response(_HEALTH, media_type="application/json")


@router.get(
    "/ready",
    response_class=Response,
    responses={
        200: {"description": "All parts are ready", **_JSON},
        503: {"description": "The parts that are not ready are named", **_JSON},
    },
    summary="Would a job run now?",
)
@needs()
async def ready(request: Request) -> Response:
    """PostgreSQL, Redis, a leading dispatcher, and a live worker for each pool."""
    parts = await deps.of(request).readiness.look()
    failing = [name for name, part in parts.items() if not part.ready]
    document = {
        "status": "not_ready" if failing else "ready",
        "failing": failing,
        "parts": {
            name: {"ready": part.ready, "detail": part.detail} for name, part in parts.items()
        },
    }
    return Response(
        json.dumps(document),
        status_code=503 if failing else 200,
        headers={"Retry-After": "1"} if failing else {},
        media_type="application/json",
    )


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"description": "Prometheus text", "content": {"text/plain": {}}}},
    summary="Metrics",
)
@needs(Scope.ADMIN)
async def metrics() -> Response:
    """This process's own numbers."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
