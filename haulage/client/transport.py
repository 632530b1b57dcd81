"""The one place that knows httpx: sends calls, turns its errors into `Broken` and `ApiError`.

Imported when a client is made, not before: httpx takes longer to import than all the rest of us.
"""

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
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


class BlockingTransport:
    """Sends calls and waits for the answer in the calling thread."""

    def __init__(self, address: Address, api_key: str | None, timeout_s: float) -> None:
        self._http = httpx.Client(**_options(address, api_key, timeout_s))

    def send(self, call: Call[T]) -> T:
        """Raises `Broken` or `ApiError`."""
        with _broken(), _multipart(call) as files:
            response = self._http.request(**_request(call), files=files)
        return _answer(call, response)

    @contextmanager
    def open(self, call: Call[None], *, silence_s: float) -> Iterator[Iterator[bytes]]:
        """A stream of chunks; raises `Broken` (also between chunks) or `ApiError`."""
        with (
            _broken(),
            self._http.stream(**_request(call), timeout=_patience(self._http, silence_s)) as reply,
        ):
            if not _is_stream(reply):
                reply.read()
                raise _refusal(reply)
            yield reply.iter_bytes()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()


class AwaitingTransport:
    """Sends calls on the running asyncio loop."""

    def __init__(self, address: Address, api_key: str | None, timeout_s: float) -> None:
        self._http = httpx.AsyncClient(**_options(address, api_key, timeout_s))

    async def send(self, call: Call[T]) -> T:
        """Raises `Broken` or `ApiError`."""
        with _broken(), _multipart(call) as files:
            response = await self._http.request(**_request(call), files=files)
        return _answer(call, response)

    @asynccontextmanager
    async def open(
        self, call: Call[None], *, silence_s: float
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """A stream of chunks; raises `Broken` (also between chunks) or `ApiError`."""
        with _broken():
            async with self._http.stream(
                **_request(call), timeout=_patience(self._http, silence_s)
            ) as reply:
                if not _is_stream(reply):
                    await reply.aread()
                    raise _refusal(reply)
                yield reply.aiter_bytes()

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()


def _options(address: Address, api_key: str | None, timeout_s: float) -> dict[str, Any]:
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


def _request(call: Call[Any]) -> dict[str, Any]:
    request: dict[str, Any] = {"method": call.method, "url": call.path, "headers": call.headers}
    if call.params:
        request["params"] = call.params
    if call.body is not None:
        request["json"] = call.body
    return request


def _patience(http: httpx.Client | httpx.AsyncClient, silence_s: float) -> httpx.Timeout:
    return httpx.Timeout(http.timeout.write, connect=http.timeout.connect, read=silence_s)


@contextmanager
def _multipart(call: Call[Any]) -> Iterator[dict[str, Any] | None]:
    if call.file is None:
        yield None
        return
    # httpx reads the open file piece by piece while it sends: the file need not fit into memory.
    with call.file.open("rb") as content:
        yield {"file": (call.file.name, content)}


@contextmanager
def _broken() -> Iterator[None]:
    try:
        yield
    except httpx.TransportError as error:
        why = _ERRNO.sub("", str(error)) or type(error).__name__
        raise Broken(why, sent=not isinstance(error, NOT_SENT)) from error


def _is_stream(reply: httpx.Response) -> bool:
    kind = reply.headers.get("content-type", "")
    return reply.status_code == 200 and kind.startswith("text/event-stream")


def _answer(call: Call[T], response: httpx.Response) -> T:
    if not response.is_success and response.status_code not in call.accepts:
        raise _refusal(response)
    try:
        return call.read(response.json() if response.content else None)
    except (ValueError, KeyError, TypeError) as error:
        raise _not_ours(response) from error


def _refusal(response: httpx.Response) -> ApiError:
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
    where = item.get("pointer") or item.get("parameter") or ""
    return Fault(str(where), str(message))


def _seconds(text: str | None) -> float | None:
    # The field's other form, a date, is not used by our API.
    try:
        return max(0.0, float(text)) if text else None
    except ValueError:
        return None
