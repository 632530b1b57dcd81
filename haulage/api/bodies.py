"""Reads request bodies: nothing is parsed that is too large, and nothing is taken for JSON that
does not say so.

Asking for `application/json` also keeps a page in somebody's browser from posting here unasked: the
types it may send without a preflight are refused.
"""

from collections.abc import AsyncIterator
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json
from starlette.requests import ClientDisconnect, Request

from haulage.api.errors import Refusal
from haulage.api.faults import body_faults
from haulage.domain.errors import InvalidInput, PayloadTooLarge

Model = TypeVar("Model", bound=BaseModel)


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
        faults = tuple(body_faults(error, model))
        raise InvalidInput("The body does not fit.", faults) from error


def require_json(request: Request) -> None:
    """Raise `Refusal` unless the body says that it is JSON."""
    said = request.headers.get("content-type", "")
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
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise _wrong_type("Send the body without a Content-Encoding.")


async def parts(request: Request, *, limit: int) -> AsyncIterator[bytes]:
    """The body as it arrives; raises `PayloadTooLarge` past `limit` bytes."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise _too_large(limit)
    total = 0
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        part: bytes = message.get("body", b"")
        total += len(part)
        if total > limit:
            raise _too_large(limit)
        if part:
            yield part
        if not message.get("more_body", False):
            return


def _too_large(limit: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"The body is larger than {limit} bytes.")


def _wrong_type(detail: str) -> Refusal:
    return Refusal(415, "unsupported_media_type", "Unsupported media type", detail)
