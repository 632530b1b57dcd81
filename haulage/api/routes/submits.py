"""`POST /jobs` and `POST /jobs/batch`: the way in. The busiest routes, so the shortest path."""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from haulage.api import deps, headers, waiting
from haulage.api.bodies import read_model
from haulage.api.documents import job_json, jobs_json, text_of
from haulage.api.errors import REQUEST_ID, Refusal
from haulage.api.faults import HeaderFault
from haulage.api.guard import Router, needs, require
from haulage.api.models import Batch, JobDocument, JobsDocument, Submit
from haulage.api.openapi import json_body, problems
from haulage.domain.errors import Fault, InvalidInput, UnknownJobType, UnknownQueue
from haulage.domain.job import Job, NewJob, Priority
from haulage.domain.scope import Scope
from haulage.engine.intake import Origin
from haulage.storage.json_text import canonical

router = Router(prefix="/api/v1/jobs", tags=["jobs"])

MAX_AHEAD = timedelta(days=366)
MAX_DEADLINE = timedelta(days=2 * 366)

_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_REFUSED = problems(400, 402, 404, 409, 413, 415, 422, 429, 503)
KEY = "Idempotency-Key"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


@router.post(
    "",
    status_code=202,
    response_class=Response,
    responses={
        200: {"model": JobDocument, "description": "With `Prefer: wait`: over in time"},
        202: {"model": JobDocument, "description": "Accepted, durably"},
        **_REFUSED,
    },
    openapi_extra={**json_body("Submit"), "parameters": [waiting.PARAMETER]},
    summary="Submit a job",
)
@needs(Scope.SUBMIT)
async def submit(request: Request) -> Response:
    """Once this answers 202 the job is never lost. `Prefer: wait=10` waits for its end."""
    parts = deps.of(request)
    body = await read_model(request, Submit, limit=parts.settings.api.max_body_bytes)
    check_times(body, parts.services.clock.now())
    check_priority(request, body.priority)
    new = parts.intake.check(body.submission(), origin(request))
    (job,), more = await accepted(request, [new], body)
    status = 202
    if (within_s := waiting.wanted_s(request)) is not None:
        job = await waiting.until_over(request, job, within_s=within_s)
        more |= waiting.applied(within_s)
        status = 200 if job.is_terminal else 202
    return Response(
        job_json(job),
        status_code=status,
        headers={"Location": f"/api/v1/jobs/{job.id}", **more},
        media_type="application/json",
    )


@router.post(
    "/batch",
    status_code=202,
    response_class=Response,
    responses={202: {"model": JobsDocument, "description": "All accepted"}, **_REFUSED},
    openapi_extra=json_body("Batch"),
    summary="Submit many jobs",
)
@needs(Scope.SUBMIT)
async def submit_many(request: Request) -> Response:
    """All are accepted, or none; `errors` then points at `/jobs/3/input/…`."""
    parts = deps.of(request)
    most = parts.settings.api.max_batch
    body = await read_model(request, Batch, limit=parts.settings.api.max_body_bytes)
    if len(body.jobs) > most:
        raise InvalidInput("The batch is too large.", (Fault("/jobs", f"at most {most} jobs"),))
    for job in body.jobs:
        check_priority(request, job.priority)
    checked = _check_all(parts, body.jobs, origin(request))
    jobs, more = await accepted(request, checked, body)
    return Response(jobs_json(jobs), status_code=202, headers=more, media_type="application/json")


async def accepted(
    request: Request, new: list[NewJob], body: BaseModel
) -> tuple[list[Job], dict[str, str]]:
    """Accept `new`, once for each idempotency key; the jobs as they stand, and the headers that go
    with them. `body` is what tells one request from another."""
    parts = deps.of(request)
    key = headers.line(request.scope, b"idempotency-key")
    if key is None:
        return await parts.intake.accept(new), {}
    if not _KEY.fullmatch(key):
        raise Refusal(
            400,
            "invalid_idempotency_key",
            "The idempotency key does not fit",
            f"{KEY} is 1 to 255 printable ASCII characters, such as a UUID.",
            errors=(HeaderFault(KEY, "must be 1 to 255 printable ASCII characters"),),
        )
    tenant = deps.principal(request).tenant
    kept, jobs = await parts.intake.accept_once(
        new, key=key, fingerprint=_fingerprint(request, body), tenant=tenant
    )
    if kept.replayed:
        jobs = await parts.reads.many(kept.job_ids, tenant=tenant)
    if len(jobs) < len(kept.job_ids):
        raise Refusal(
            409,
            "jobs_pruned",
            "The jobs are gone",
            "The jobs of this idempotency key were finished and have been pruned since.",
        )
    return jobs, {
        "Idempotency-Replayed": "true" if kept.replayed else "false",
        "Idempotency-Expires": text_of(kept.expires_at),
    }


def _fingerprint(request: Request, body: BaseModel) -> str:
    """A digest of what was asked for, however its JSON was written."""
    said = canonical([request.scope["path"], body.model_dump(mode="json", exclude_unset=True)])
    return hashlib.sha256(said.encode()).hexdigest()


def origin(request: Request) -> Origin:
    """Where the job comes from, for its row."""
    traceparent = headers.line(request.scope, b"traceparent")
    who = deps.principal(request)
    return Origin(
        tenant=who.tenant,
        caller=who.caller,
        request_id=request.scope.get(REQUEST_ID),
        traceparent=traceparent
        if traceparent is not None and _TRACEPARENT.fullmatch(traceparent)
        else None,
    )


def check_priority(request: Request, wanted: str | None) -> None:
    """Raise `NotAllowed` for a priority that goes before others', unless the caller may."""
    if wanted == Priority.HIGH.label:
        require(deps.principal(request), Scope.PRIORITY)


def check_times(body: Submit, now: datetime) -> None:
    """Raise `InvalidInput` for moments that make no sense now."""
    faults = []
    if body.run_at is not None and body.run_at > now + MAX_AHEAD:
        faults.append(Fault("/run_at", "is more than a year ahead"))
    if body.deadline is not None:
        if body.deadline <= max(now, body.run_at or now):
            faults.append(Fault("/deadline", "has passed before the job may start"))
        elif body.deadline > now + MAX_DEADLINE:
            faults.append(Fault("/deadline", "is more than two years ahead"))
    if faults:
        raise InvalidInput("The body does not fit.", tuple(faults))


def _check_all(parts: deps.Deps, bodies: Sequence[Submit], its: Origin) -> list[NewJob]:
    """Check every job of a batch, so that one answer names all that is wrong."""
    now = parts.services.clock.now()
    jobs: list[NewJob] = []
    faults: list[Fault] = []
    unknown: UnknownJobType | None = None
    for place, body in enumerate(bodies):
        try:
            check_times(body, now)
            jobs.append(parts.intake.check(body.submission(), its, at=f"/jobs/{place}"))
        except InvalidInput as error:
            faults += (Fault(f"/jobs/{place}{one.pointer}", one.message) for one in error.faults)
        except UnknownQueue as error:
            faults.append(Fault(f"/jobs/{place}/queue", str(error)))
        except UnknownJobType as error:
            unknown = unknown or error
            faults.append(Fault(f"/jobs/{place}/type", str(error)))
    if unknown is not None:
        raise Refusal(
            404,
            unknown.code,
            "Unknown job type",
            str(unknown),
            errors=faults,
            members={"nearest": list(unknown.nearest)},
        )
    if faults:
        raise InvalidInput("Some jobs of the batch do not fit.", tuple(faults))
    return jobs
