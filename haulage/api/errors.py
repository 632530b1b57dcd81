"""Every refusal as problem+json (RFC 9457).

Members beyond the standard's: `code` (stable, the last part of `type`), `request_id`, and `errors`,
each with a `pointer` into the request's body (RFC 6901) or the name of a query `parameter` or of a
`header`. A fault of ours says nothing but its request id; the trace is in the logs.
"""

import math
from collections.abc import Mapping, Sequence, Set
from http import HTTPStatus
from typing import Any, TypeAlias

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from haulage.api import rate_limits
from haulage.api.faults import HeaderFault, QueryFault, nearest, query_faults
from haulage.domain.credit_errors import NotEnoughCredits
from haulage.domain.errors import (
    Fault,
    HaulageError,
    IdempotencyConflict,
    IdempotencyMismatch,
    InputFault,
    InvalidCursor,
    InvalidInput,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    OverLimit,
    PayloadTooLarge,
    QueueFull,
    Unavailable,
    UnknownJobType,
    UnknownQueue,
)
from haulage.storage.credit_store import GrantMismatch
from haulage.storage.json_text import dumps
from haulage.storage.sealing import KeyMissing
from haulage.telemetry import logs

log = logs.get(__name__)

AnyFault: TypeAlias = "Fault | QueryFault | HeaderFault"
MEDIA_TYPE = "application/problem+json"
REQUEST_ID = "haulage.request_id"
MAX_ERRORS = 100
MAX_PATH = 200
UNAVAILABLE_RETRY_S = 2.0
CONFLICT_RETRY_S = 1.0

# The first class that fits, so the most special come first.
_KNOWN: tuple[tuple[type[HaulageError], int, str], ...] = (
    (NotAuthenticated, 401, "Who are you?"),
    (NotAllowed, 403, "Not allowed"),
    (IdempotencyConflict, 409, "The first request is under way"),
    (IdempotencyMismatch, 422, "The idempotency key is taken"),
    (InvalidInput, 422, "The input does not fit"),
    (UnknownJobType, 404, "Unknown job type"),
    (UnknownQueue, 422, "Unknown queue"),
    (NotFound, 404, "Not found"),
    (InvalidCursor, 400, "Invalid cursor"),
    (PayloadTooLarge, 413, "Too large"),
    (OverLimit, 429, "Too many"),
    (GrantMismatch, 409, "The reference is taken"),
    (NotEnoughCredits, 402, "Not enough credits"),
    (QueueFull, 429, "The queue is full"),
    (InputFault, 400, "Bad request"),
    (Unavailable, 503, "Not available right now"),
    (KeyMissing, 503, "Not readable here"),
)


class Refusal(InputFault):
    """A refusal that only HTTP knows, such as a wrong content type. `members` join the document."""

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        detail: str,
        *,
        errors: Sequence[AnyFault] = (),
        members: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.title = title
        self.errors = errors
        self.members = members or {}
        self.headers = headers or {}


def problem(
    scope: Scope,
    status: int,
    code: str,
    title: str,
    detail: str,
    *,
    errors: Sequence[AnyFault] = (),
    members: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A problem document as an answer to the request of `scope`."""
    document: dict[str, Any] = {
        "type": f"urn:haulage:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": scope.get("path", ""),
        "code": code,
        "request_id": scope.get(REQUEST_ID),
        **(members or {}),
    }
    if errors:
        document["errors"] = [_error(one) for one in errors[:MAX_ERRORS]]
    return Response(
        dumps(document), status_code=status, headers=dict(headers or {}), media_type=MEDIA_TYPE
    )


def broken(scope: Scope) -> Response:
    """The answer to a request that met a fault of ours."""
    return problem(
        scope,
        500,
        "internal_error",
        "Internal error",
        f"Something went wrong here. The logs have it under request {scope.get(REQUEST_ID)}.",
    )


def install(app: FastAPI, operations: Mapping[str, Set[str]]) -> None:
    """Answer every error of `app` with a problem document.

    `operations` are the methods of each documented path; the document itself takes a second to
    make, too long for somebody who has mistyped a path.
    """
    app.state.operations = operations
    app.add_exception_handler(HaulageError, answer_ours)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_validation)


async def answer_ours(request: Request, error: Exception) -> Response:
    """The answer to a refusal of ours; raises `error` again when it is a fault instead."""
    if isinstance(error, Refusal):
        return problem(
            request.scope,
            error.status,
            error.code,
            error.title,
            str(error),
            errors=error.errors,
            members=error.members,
            headers=error.headers,
        )
    for kind, status, title in _KNOWN:
        if isinstance(error, kind):
            return problem(
                request.scope,
                status,
                error.code,
                title,
                str(error),
                errors=_faults(error),
                members=_members(error),
                headers=_headers(error),
            )
    # Not the caller's doing: the edge logs it and answers 500.
    raise error


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    asked = f"{request.method} {request.scope['path']}"
    headers = {**(error.headers or {}), **_allowed(request)} if status == 405 else error.headers
    match status:
        case 404:
            look = "Browse /docs, or read /openapi.json."
            detail = f"There is nothing at {asked}.{_nearest(request)} {look}"
        case 405:
            detail = f"{asked} is not possible; what is: {(headers or {}).get('Allow', 'nothing')}."
        case _:
            detail = error.detail
    code = status.name.lower()
    return problem(request.scope, status, code, status.phrase, detail, headers=headers)


def _nearest(request: Request) -> str:
    """A question that names the path meant, where it has no place for an id."""
    path = str(request.scope["path"])[:MAX_PATH].rstrip("/")
    known = [one for one in request.app.state.operations if "{" not in one]
    behind = [one for one in known if path and one.endswith(path)]
    return nearest(path, behind or known, cutoff=0.8 if not behind else 0.0)


def _allowed(request: Request) -> dict[str, str]:
    """`Allow` for a path: each route knows its own methods only, and a path may have several."""
    path = getattr(request.scope.get("route"), "path", None)
    documented = request.app.state.operations.get(path)
    return {"Allow": ", ".join(sorted(documented))} if documented else {}


async def _on_validation(request: Request, error: Exception) -> Response:
    # Bodies are read by `bodies.py`; what FastAPI validates is the query.
    assert isinstance(error, RequestValidationError)
    faults = query_faults(error.errors(), request.scope.get("route"))
    detail = "; ".join(f"{fault.parameter}: {fault.message}" for fault in faults[:3])
    return problem(
        request.scope, 400, "invalid_query", "The query does not fit", detail, errors=faults
    )


def _error(fault: AnyFault) -> dict[str, str]:
    if isinstance(fault, QueryFault):
        return {"parameter": fault.parameter, "message": fault.message}
    if isinstance(fault, HeaderFault):
        return {"header": fault.header, "message": fault.message}
    return {"pointer": fault.pointer, "message": fault.message}


def _faults(error: HaulageError) -> Sequence[AnyFault]:
    match error:
        case InvalidInput():
            return error.faults
        case UnknownQueue():
            return (Fault("/queue", str(error)),)
        case InvalidCursor():
            return (QueryFault("cursor", str(error)),)
        case _:
            return ()


def _members(error: HaulageError) -> dict[str, Any]:
    match error:
        case UnknownJobType():
            return {"nearest": list(error.nearest)}
        case InvalidInput() if error.job_type:
            return {"job_type": error.job_type}
        case NotAllowed():
            return {"needs": list(error.needs)}
        case QueueFull() | OverLimit():
            return {"retry_after_s": error.retry_after_s}
        case NotEnoughCredits():
            return {
                "needed": error.needed,
                "available": error.available,
                "lacking": error.lacking,
            }
        case Unavailable() | KeyMissing():
            return {"retry_after_s": UNAVAILABLE_RETRY_S}
        case _:
            return {}


def _headers(error: HaulageError) -> dict[str, str]:
    match error:
        case NotAuthenticated():
            return {"WWW-Authenticate": 'Bearer realm="haulage"'}
        case NotAllowed():
            wanted = " ".join(error.needs)
            return {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{wanted}"'}
        case OverLimit():
            return rate_limits.refused(error)
        case QueueFull():
            wait_s = error.retry_after_s
        case Unavailable() | KeyMissing():
            wait_s = UNAVAILABLE_RETRY_S
        case IdempotencyConflict():
            wait_s = CONFLICT_RETRY_S
        case _:
            return {}
    return {"Retry-After": str(max(1, math.ceil(wait_s)))}
