"""What both transports know of httpx: requests from calls, answers and refusals from responses.

Imported when a client is made, not before: httpx takes longer to import than all the rest of us.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx

from haulage.client.address import Address
from haulage.client.calls import Call
from haulage.client.errors import ApiError
from haulage.client.following import Broken
from haulage.domain.errors import Fault

T = TypeVar("T")
_ERRNO = re.compile(r"\[Errno -?\d+\] ")
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


def options(address: Address, api_key: str | None, timeout_s: float) -> dict[str, Any]:
    """What an httpx client is made with."""
    headers = {"Accept": "application/json", "User-Agent": "haulage-client"}
    if api_key:
        headers["Authorization"] = f"Bearer {api_key}"
    return {
        "base_url": address.url,
        "headers": headers,
        "timeout": httpx.Timeout(timeout_s, connect=min(timeout_s, 5.0)),
        # A proxy set for the outer world can't reach this machine's own loopback.
        "trust_env": not address.is_loopback,
    }


def request_of(call: Call[Any]) -> dict[str, Any]:
    """The call as httpx wants it."""
    request: dict[str, Any] = {"method": call.method, "url": call.path, "headers": call.headers}
    if call.params:
        request["params"] = call.params
    if call.body is not None:
        request["json"] = call.body
    return request


def patience(
    http: httpx.Client | httpx.AsyncClient, call: Call[Any], *, silence_s: float | None = None
) -> httpx.Timeout:
    """The client's time limits, but for a call that waits and a stream that may be silent."""
    usual = http.timeout
    read_s = usual.read if silence_s is None else silence_s
    if read_s is not None:
        read_s += call.waits_s
    return httpx.Timeout(usual.write, connect=usual.connect, read=read_s, pool=usual.pool)


@contextmanager
def multipart(call: Call[Any]) -> Iterator[dict[str, Any] | None]:
    """The call's file as a form's field, open while the block lasts."""
    if call.upload is None:
        yield None
        return
    # httpx reads the open file piece by piece while it sends: the file need not fit into memory.
    with call.upload.open() as content:
        yield {"file": (call.upload.name, content)}


@contextmanager
def broken() -> Iterator[None]:
    """Turn httpx's errors into `Broken`."""
    try:
        yield
    except httpx.TransportError as error:
        why = _ERRNO.sub("", str(error)) or type(error).__name__
        raise Broken(why, sent=not isinstance(error, NOT_SENT)) from error


def is_stream(call: Call[Any], reply: httpx.Response) -> bool:
    """Whether the reply is the stream that `call` asked for."""
    kind = reply.headers.get("content-type", "")
    return reply.status_code == 200 and kind.startswith(call.streams or "")


def answer(call: Call[T], response: httpx.Response) -> T:
    """What the caller gets; raises `ApiError`."""
    if not response.is_success and response.status_code not in call.accepts:
        raise refusal(response)
    try:
        return call.read(response.json() if response.content else None)
    except (ValueError, KeyError, TypeError) as error:
        raise _not_ours(response) from error


def refusal(response: httpx.Response) -> ApiError:
    """The API's problem+json, or that this is no answer of our API."""
    try:
        problem = response.json()
    except ValueError:
        problem = None
    if not isinstance(problem, Mapping) or response.is_success:
        return _not_ours(response)
    return ApiError(
        response.status_code,
        str(problem.get("title") or response.reason_phrase or "Error"),
        str(problem.get("detail") or ""),
        errors=tuple(_fault(item) for item in problem.get("errors") or ()),
        request_id=problem.get("request_id") or response.headers.get("x-request-id"),
        code=problem.get("code"),
        retry_after_s=_seconds(response.headers.get("retry-after")),
        problem=dict(problem),
    )


def _not_ours(response: httpx.Response) -> ApiError:
    kind = response.headers.get("content-type", "no content type")
    return ApiError(
        response.status_code,
        "Unexpected answer",
        f"{response.request.url} answered {response.status_code} with {kind}, "
        "which is not what the Haulage API says. Is something else listening there?",
        request_id=response.headers.get("x-request-id"),
        code="unexpected_answer",
    )


def _fault(item: Any) -> Fault:
    if not isinstance(item, Mapping):
        return Fault("", str(item))
    message = item.get("message") or item.get("detail") or json.dumps(item)
    where = item.get("pointer") or item.get("parameter") or item.get("header") or ""
    return Fault(str(where), str(message))


def _seconds(text: str | None) -> float | None:
    # The field's other form, a date, is not used by our API.
    try:
        return max(0.0, float(text)) if text else None
    except ValueError:
        return None
