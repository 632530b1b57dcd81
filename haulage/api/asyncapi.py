"""The AsyncAPI 3 document of what is told: a job's events on both faces, with their messages and
close codes, and what webhooks send."""

from typing import Any

from pydantic.json_schema import models_json_schema

from haulage import __version__
from haulage.api import websocket
from haulage.api.event_models import MODELS
from haulage.api.webhook_messages import HEADERS, MESSAGES, SUMMARIES, example_of
from haulage.domain.webhook import WebhookEvent

_REFERENCE = "#/components/schemas/{model}"
_EXAMPLES: dict[str, dict[str, Any]] = {
    "state": {"at": "2026-01-05T10:00:00Z", "state": "running", "attempt": 1, "fence": 1},
    "progress": {
        "at": "2026-01-05T10:00:01Z",
        "percent": 40.0,
        "step": "pages",
        "done": 2,
        "failed": 0,
        "total": 5,
    },
    "log": {"at": "2026-01-05T10:00:02Z", "message": "page read", "fields": {"page": 2}},
}
_SSE = """\
`id:` is the event's number within the job, `event:` its name, `data:` its payload. Ends after the
job's end. Come back with `Last-Event-ID`, or `?after=`, for what follows that number."""
_WS = f"""\
Text messages `{{"id": number, "event": name, "data": payload}}`. Come back with `?after=` and the
last `id`. Close codes: {websocket.OVER} the job is over; {websocket.GOING_AWAY} the process shuts
down; {websocket.BROKEN} PostgreSQL does not answer; {websocket.UNFIT} the query does not fit;
{websocket.NO_SUCH_JOB} no such job; {websocket.TOO_SLOW} the reader was too slow."""

_WEBHOOK = """\
Sent by POST to an endpoint's own URL, as Standard Webhooks has it: at least once, under one
`webhook-id`, those of one job in their order."""


def document() -> dict[str, Any]:
    """The whole document, anew."""
    _, given = models_json_schema(
        [
            (model, "serialization")
            for model in dict.fromkeys([*MODELS.values(), *MESSAGES.values()])
        ],
        ref_template=_REFERENCE,
    )
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Haulage events",
            "version": __version__,
            "description": "What happens to a job, live and from its first event on: each event "
            "once, in order, without a gap.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "sse": _channel("/api/v1/jobs/{job_id}/events", "Server-sent events", _SSE),
            "ws": _channel("/api/v1/jobs/{job_id}/ws", "WebSocket", _WS),
            "webhook": {
                "address": None,
                "title": "Webhooks",
                "description": _WEBHOOK,
                "messages": {
                    event.value: {"$ref": f"#/components/messages/{event.value}"}
                    for event in MESSAGES
                },
            },
        },
        "operations": {
            face: {"action": "send", "channel": {"$ref": f"#/channels/{face}"}}
            for face in ("sse", "ws", "webhook")
        },
        "components": {
            "messages": {
                **{name: _message(name) for name in MODELS},
                **{event.value: _webhook_message(event) for event in MESSAGES},
            },
            "schemas": given["$defs"],
        },
    }


def _channel(address: str, title: str, description: str) -> dict[str, Any]:
    return {
        "address": address,
        "title": title,
        "description": description,
        "parameters": {"job_id": {"description": "The job's id, a UUID."}},
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in MODELS},
    }


def _message(name: str) -> dict[str, Any]:
    model = MODELS[name]
    return {
        "name": name,
        "summary": (model.__doc__ or "").partition("\n")[0],
        "payload": {"$ref": _REFERENCE.format(model=model.__name__)},
        "examples": [{"payload": _EXAMPLES[name]}],
    }


def _webhook_message(event: WebhookEvent) -> dict[str, Any]:
    headers = {name: {"type": "string", "description": said} for name, said in HEADERS.items()}
    return {
        "name": event.value,
        "summary": SUMMARIES[event],
        "headers": {"type": "object", "properties": headers, "required": list(HEADERS)},
        "payload": {"$ref": _REFERENCE.format(model=MESSAGES[event].__name__)},
        "examples": [{"payload": example_of(event)}],
    }
