"""Bulk operations: one decision about all jobs that a filter means, looked at before it is made."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import TypeAdapter
from starlette.requests import Request
from starlette.responses import Response

from haulage.api import deps
from haulage.api.bodies import read_model
from haulage.api.bulk_models import (
    BulkBody,
    BulkDocument,
    BulkPage,
    BulkPreview,
    PreviewDocument,
    shown,
)
from haulage.api.documents import jobs_json, text_of
from haulage.api.errors import Refusal
from haulage.api.guard import Router, needs
from haulage.api.openapi import json_body, problems
from haulage.api.routes.jobs import NoQuery, known_uuid
from haulage.api.routes.lists import PageQuery, jobs_of
from haulage.api.routes.submits import accepted, origin
from haulage.domain import bulk
from haulage.domain.errors import Fault, InvalidInput, NotFound
from haulage.domain.job import Job
from haulage.domain.lifecycle import State
from haulage.domain.scope import Scope
from haulage.engine.intake import Submission
from haulage.storage.bulk_orders import Order
from haulage.storage.bulk_store import BulkStore
from haulage.storage.job_filter import JobFilter
from haulage.storage.json_text import dumps, loads, storable

router = Router(prefix="/api/v1/bulk", tags=["bulk"])

SAMPLE = 10
_ORDER = TypeAdapter(Order)
_EVERY = JobFilter(types=(bulk.TYPE,))


@router.post(
    "/preview",
    response_class=Response,
    responses={200: {"model": PreviewDocument}, **problems(400, 413, 415, 422, 503)},
    openapi_extra=json_body("BulkPreview"),
    summary="Preview a bulk operation",
)
@needs(Scope.OPERATE)
async def preview(request: Request) -> Response:
    """How many jobs it would change, and the first of them; give `frozen_at` back to mean these."""
    parts, who = deps.of(request), deps.principal(request)
    body = await read_model(request, BulkPreview, limit=parts.settings.api.max_body_bytes)
    order = Order(body.action, body.filter.filter(), parts.services.clock.now(), who.subject)
    _check_states(order)
    store = _store(request)
    count = await store.count(order, tenant=who.tenant)
    first = await store.targets(order, tenant=who.tenant, after=None, limit=SAMPLE)
    sample = await parts.reads.many([target.id for target in first], tenant=who.tenant)
    said = {
        "action": order.action.value,
        "filter": shown(order.wanted),
        "frozen_at": text_of(order.frozen_at),
        "count": count,
    }
    listed = jobs_json(sample).removeprefix(b'{"jobs":')
    return Response(
        dumps(said).encode()[:-1] + b',"sample":' + listed, media_type="application/json"
    )


@router.post(
    "",
    status_code=202,
    response_class=Response,
    responses={
        202: {"model": BulkDocument, "description": "Accepted, durably"},
        **problems(400, 409, 413, 415, 422, 429, 503),
    },
    openapi_extra=json_body("BulkBody"),
    summary="Begin a bulk operation",
)
@needs(Scope.OPERATE)
async def begin(request: Request) -> Response:
    """It is a job, with its events under /jobs; jobs created after `frozen_at` are left alone."""
    parts, who = deps.of(request), deps.principal(request)
    body = await read_model(request, BulkBody, limit=parts.settings.api.max_body_bytes)
    now = parts.services.clock.now()
    if body.frozen_at is not None and body.frozen_at > now:
        raise InvalidInput("The body does not fit.", (Fault("/frozen_at", "is in the future"),))
    reason = None if body.reason is None else storable(body.reason)
    order = Order(body.action, body.filter.filter(), body.frozen_at or now, who.subject, reason)
    _check_states(order)
    asked = Submission(bulk.TYPE, _ORDER.dump_python(order, mode="json"))
    new = parts.intake.check(asked, origin(request), internal=True)
    (job,), headers = await accepted(request, [new], body)
    document = await _document(request, job)
    return _answer(document, 202, {"Location": f"{router.prefix}/{job.id}", **headers})


@router.get("", responses=problems(400, 503), summary="List bulk operations")
@needs(Scope.READ)
async def listing(request: Request, query: Annotated[PageQuery, Query()]) -> BulkPage:
    """Newest first, page by page."""
    listed, following = await jobs_of(request, _EVERY, limit=query.limit, cursor=query.cursor)
    return BulkPage(data=await _documents(request, listed), next=following)


@router.get("/{bulk_id}", responses=problems(400, 404, 503), summary="Look at a bulk operation")
@needs(Scope.READ)
async def show(request: Request, bulk_id: str, _query: Annotated[NoQuery, Query()]) -> BulkDocument:
    """How far it is."""
    return await _document(request, await _find(request, bulk_id))


@router.post(
    "/{bulk_id}/abort",
    status_code=202,
    response_class=Response,
    responses={
        200: {"model": BulkDocument, "description": "Aborted before"},
        202: {"model": BulkDocument, "description": "Aborted, or told to stop"},
        **problems(404, 409, 503),
    },
    summary="Abort a bulk operation",
)
@needs(Scope.OPERATE)
async def abort(request: Request, bulk_id: str) -> Response:
    """What it has changed stays changed; /jobs/{id}/retry would go on from there."""
    parts, who = deps.of(request), deps.principal(request)
    job = await _find(request, bulk_id)
    answers = await parts.control.cancel([job.id], tenant=who.tenant, by=who.subject)
    before = answers[job.id].before
    if before in (State.SUCCEEDED, State.FAILED):
        raise Refusal(
            409,
            "job_finished",
            "The operation is over",
            f"It had already {before.value} when the abort came.",
            members={"state": before.value},
        )
    document = await _document(request, await _find(request, bulk_id))
    return _answer(document, 200 if before is State.CANCELLED else 202, {})


def _check_states(order: Order) -> None:
    """Raise `InvalidInput` for states in which the action finds nothing to do."""
    takes = bulk.TAKES[order.action]
    if others := [state.value for state in order.wanted.states if state not in takes]:
        fitting = ", ".join(state.value for state in State if state in takes)
        said = f"{order.action.value} does nothing to {', '.join(others)} jobs; it takes {fitting}"
        raise InvalidInput("The body does not fit.", (Fault("/filter/state", said),))


async def _find(request: Request, bulk_id: str) -> Job:
    wanted = known_uuid(bulk_id)
    tenant = deps.principal(request).tenant
    found = wanted and await deps.of(request).reads.get(wanted, tenant=tenant)
    if not found or found.type != bulk.TYPE:
        raise _unknown(bulk_id)
    return found


def _unknown(bulk_id: str) -> NotFound:
    return NotFound(f"There is no bulk operation {bulk_id[:100]}.")


async def _document(request: Request, job: Job) -> BulkDocument:
    for document in await _documents(request, [job]):
        return document
    raise _unknown(str(job.id))


async def _documents(request: Request, jobs: Sequence[Job]) -> list[BulkDocument]:
    parts, tenant = deps.of(request), deps.principal(request).tenant
    ids: list[UUID] = [job.id for job in jobs]
    inputs = await parts.reads.inputs(ids, tenant=tenant)
    counts = await _store(request).progress(ids)
    return [
        BulkDocument.of(job, _ORDER.validate_python(loads(inputs[job.id])), counts.get(job.id))
        for job in jobs
        # A job that was pruned in this moment is gone from the list as well.
        if job.id in inputs
    ]


def _store(request: Request) -> BulkStore:
    services = deps.of(request).services
    return BulkStore(services.database, services.clock)


def _answer(document: BulkDocument, status: int, headers: dict[str, str]) -> Response:
    return Response(
        document.model_dump_json(),
        status_code=status,
        headers=headers,
        media_type="application/json",
    )
