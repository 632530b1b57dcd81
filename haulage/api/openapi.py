"""OpenAPI: what FastAPI can't see because the routes read their bodies themselves."""

from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.routing import BaseRoute

from haulage.api.bulk_models import BulkBody, BulkPreview
from haulage.api.credit_models import GrantBody
from haulage.api.errors import MEDIA_TYPE
from haulage.api.fleet_models import PauseBody
from haulage.api.key_models import KeyBody, RotateBody
from haulage.api.models import Batch, Problem, Submit
from haulage.api.schedule_models import ScheduleBody
from haulage.api.webhook_messages import HEADERS, MESSAGES, SUMMARIES, example_of
from haulage.api.webhook_models import ReplayBody, RotateSecretBody, WebhookBody, WebhookChange
from haulage.domain.webhook import WebhookEvent
from haulage.limits.config import PoolBody

DESCRIPTION = """\
Durable background jobs. A job that was answered with 202 is never lost.

Ids are UUIDv7. Lists are `{data, next}`; give `next` back as `cursor`. Errors are
`application/problem+json` (RFC 9457). Every answer carries `X-Request-ID`; send your own to find
the request in the logs.
"""

_REFERENCE = "#/components/schemas/{model}"

# Read by the routes themselves, so that FastAPI does not see them.
_BODIES = (
    Submit,
    Batch,
    PauseBody,
    ScheduleBody,
    PoolBody,
    BulkPreview,
    BulkBody,
    KeyBody,
    RotateBody,
    WebhookBody,
    WebhookChange,
    RotateSecretBody,
    ReplayBody,
    GrantBody,
)

_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "An API key, or a JSON Web Token; not asked for where HAULAGE_AUTH_ENABLED is "
    "off. Beside an operation stand the scopes of which it needs one; `admin` has them all.",
}

_MEANINGS = {
    400: "The request can't be read, or its query does not fit",
    401: "No credentials, or none that count",
    403: "The caller lacks the scope; `needs` names it",
    402: "The credits do not suffice; `lacking` says by how much",
    404: "No such thing",
    408: "The body came too slowly",
    409: "The job's state does not allow it",
    412: "It has been changed since; `changed_by` and `changed_at` say by whom and when",
    413: "Too large",
    415: "Another content type is needed",
    416: "The file has no such range; `Content-Range` says how long it is",
    422: "The body does not fit; `errors` points at what does not",
    429: "A limit or a queue is full; come back after `Retry-After` seconds",
    503: "A server behind the API does not answer; come back after `Retry-After` seconds",
}

Responses = dict[int | str, dict[str, Any]]


def problems(*statuses: int) -> Responses:
    """The problem answers of a route, for `responses=`."""
    schema = {"$ref": _REFERENCE.format(model="Problem")}
    return {
        status: {"description": _MEANINGS[status], "content": {MEDIA_TYPE: {"schema": schema}}}
        for status in statuses
    }


def json_body(model: str) -> dict[str, Any]:
    """A JSON request body, for `openapi_extra=`."""
    schema = {"$ref": _REFERENCE.format(model=model)}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def header(name: str) -> dict[str, Any]:
    """A request header of text, for `openapi_extra={"parameters": …}`."""
    return {"name": name, "in": "header", "schema": {"type": "string"}}


def operations(routes: Iterable[BaseRoute]) -> dict[str, set[str]]:
    """The documented paths of `routes` and the methods of each, without making the document."""
    found: dict[str, set[str]] = {}
    for route in routes:
        if isinstance(route, APIRoute) and route.include_in_schema:
            found.setdefault(route.path_format, set()).update(route.methods or ())
    return found


def install(app: FastAPI) -> None:
    """Complete the document that `app` serves."""
    generate = app.openapi

    def complete() -> dict[str, Any]:
        if app.openapi_schema is not None:
            return app.openapi_schema
        document = generate()
        sent: list[type[BaseModel]] = [Problem, *dict.fromkeys(MESSAGES.values())]
        read: list[type[BaseModel]] = [*_BODIES]
        _, given = models_json_schema(
            [(model, "validation") for model in read]
            + [(model, "serialization") for model in sent],
            ref_template=_REFERENCE,
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.update(given["$defs"])
        schemas.update(app.state.deps.types.schemas)
        document["webhooks"] = {event.value: _webhook(event) for event in MESSAGES}
        document["components"]["securitySchemes"] = {"bearer": _BEARER}
        submit = document["paths"]["/api/v1/jobs"]["post"]["requestBody"]["content"]
        submit["application/json"]["examples"] = app.state.deps.types.examples
        _forget_validation(document)
        _add_not_modified(document)
        _add_too_slow(document)
        return document

    app.openapi = complete  # type: ignore[method-assign]


def _webhook(event: WebhookEvent) -> dict[str, Any]:
    """What an endpoint is sent; see docs/how-to/webhooks.md."""
    reference = {"$ref": _REFERENCE.format(model=MESSAGES[event].__name__)}
    content = {"application/json": {"schema": reference, "example": example_of(event)}}
    headers = [
        {**header(name), "required": True, "description": said} for name, said in HEADERS.items()
    ]
    return {
        "post": {
            "summary": SUMMARIES[event],
            "tags": ["webhooks"],
            "operationId": event.value.replace(".", "_"),
            "parameters": headers,
            "requestBody": {"required": True, "content": content},
            "responses": {
                "2XX": {"description": "Taken. Everything else, a redirect too, is tried again."},
                "410": {"description": "The endpoint is gone: it is disabled."},
            },
            "security": [],
        }
    }


def _forget_validation(document: dict[str, Any]) -> None:
    """FastAPI promises its own 422 for every route with a parameter; ours answer with problems."""
    for operations in document["paths"].values():
        for operation in operations.values():
            answer = operation["responses"].get("422", {})
            if "application/json" in answer.get("content", {}):
                del operation["responses"]["422"]
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)


def _add_not_modified(document: dict[str, Any]) -> None:
    """Every document under `/api` can be asked for with `If-None-Match` (`representation.py`)."""
    for path, operations in document["paths"].items():
        asked = operations.get("get")
        if asked is None or not path.startswith("/api/"):
            continue
        if "application/json" in asked["responses"].get("200", {}).get("content", {}):
            asked["responses"]["304"] = {"description": "As your If-None-Match says"}
            asked.setdefault("parameters", []).append(header("If-None-Match"))


def _add_too_slow(document: dict[str, Any]) -> None:
    """Every body may come too slowly (`bodies.py`)."""
    for operations in document["paths"].values():
        for operation in operations.values():
            if "requestBody" in operation:
                operation["responses"].update({"408": problems(408)[408]})
