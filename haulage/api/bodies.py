"""Reads request bodies: nothing is parsed that is too large, and nothing is taken for JSON that
does not say so.

Asking for `application/json` also keeps a page in somebody's browser from posting here unasked: the
types it may send without a preflight are refused.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json
from starlette.requests import ClientDisconnect, Request

from haulage.api import deps, headers
from haulage.api.errors import Refusal
from haulage.api.faults import HeaderFault, body_faults
from haulage.domain.errors import InvalidInput, PayloadTooLarge

Model = TypeVar("Model", bound=BaseModel)

BODY_LIMIT = "HAULAGE_API_MAX_BODY_BYTES"
# A body that comes more slowly than this over a while is meant to hold a connection, not to arrive.
LEAST_BYTES_PER_S = 1_000
_MOST_DIGITS = 18


async def read_model(request: Request, model: type[Model], *, limit: int) -> Model:
    """The body as `model`; raises `Refusal`, `PayloadTooLarge` and `InvalidInput`."""
    require_json(request)
    body = b"".join([part async for part in parts(request, limit=limit)])
    try:
        raw = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise Refusal(
            400, "malformed_json", "Malformed JSON", f"The body is not JSON: {error}."
        ) from error
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        faults = tuple(body_faults(error, model, raw))
        raise InvalidInput("The body does not fit.", faults) from error


def require_json(request: Request) -> None:
    """Raise `Refusal` unless the body says that it is JSON."""
    said = headers.line(request.scope, b"content-type") or ""
    kind, _, parameters = said.partition(";")
    kind = kind.strip().lower()
    if kind != "application/json" and not (
        kind.startswith("application/") and kind.endswith("+json")
    ):
        raise _wrong_type(f"Send application/json, not {kind or 'a body without a content type'}.")
    charset = parameters.partition("charset=")[2].strip(' "').lower()
    if charset not in ("", "utf-8", "utf8", "us-ascii"):
        raise _wrong_type(f"JSON is UTF-8, not {charset[:40]}.")
    require_plain(request)


def require_plain(request: Request) -> None:
    """Raise `Refusal` for a compressed body."""
    encoding = (headers.line(request.scope, b"content-encoding") or "").strip().lower()
    if encoding not in ("", "identity"):
        raise _wrong_type("Send the body without a Content-Encoding.", "Content-Encoding")


async def parts(request: Request, *, limit: int, setting: str = BODY_LIMIT) -> AsyncIterator[bytes]:
    """The body as it arrives; `setting` is the name of its `limit` in bytes.

    Raises `PayloadTooLarge` past the limit, and `Refusal` for a body that stands still or trickles.
    """
    declared = headers.line(request.scope, b"content-length") or ""
    # By its digits first: what is no number here may have more of them than Python reads.
    if declared.isdecimal() and (len(declared) > _MOST_DIGITS or int(declared) > limit):
        raise too_large("body", limit, setting)
    silence_s = deps.of(request).settings.api.body_silence_s
    loop = asyncio.get_running_loop()
    began = loop.time()
    total = 0
    while True:
        latest = min(loop.time(), began + total / LEAST_BYTES_PER_S) + silence_s
        try:
            async with asyncio.timeout_at(latest):
                message = await request.receive()
        except TimeoutError as error:
            raise _too_slow(total) from error
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part: bytes = message.get("body", b"")
        total += len(part)
        if total > limit:
            raise too_large("body", limit, setting)
        if part:
            yield part
        if not message.get("more_body", False):
            return


def too_large(what: str, limit: int, setting: str) -> PayloadTooLarge:
    """The error for a body or a file of more than `limit` bytes."""
    return PayloadTooLarge(f"The {what} is larger than {limit} bytes; {setting} sets that limit.")


def _too_slow(total: int) -> Refusal:
    return Refusal(
        408,
        "body_too_slow",
        "The body came too slowly",
        f"After {total} bytes the body stood still, or came at less than {LEAST_BYTES_PER_S} bytes "
        "a second, for longer than HAULAGE_API_BODY_SILENCE_S allows.",
        # What is left of it must not be taken for the next request.
        headers={"Connection": "close"},
    )


def _wrong_type(detail: str, header: str = "Content-Type") -> Refusal:
    return Refusal(
        415,
        "unsupported_media_type",
        "Unsupported media type",
        detail,
        errors=(HeaderFault(header, detail),),
    )
