"""One HTTP call of a provider: JSON there, JSON back, whole or an error of ours.

Promises: a call ends within its time limit however slowly the other side drips; an answer beyond
`MAX_ANSWER_BYTES` is not read to its end; no redirect is followed with a key in hand; no error
carries a key, an address with a password, or what was sent.
"""

import asyncio
import ipaddress
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from haulage.domain.ports import RoadPass
from haulage.domain.provider_errors import KeyRefused, ProviderRefused, ProviderUnavailable
from haulage.providers.connections import Connections
from haulage.providers.keys import Key
from haulage.providers.refusals import error_of

MAX_ANSWER_BYTES = 64 * 1024 * 1024
# What httpcore says before it writes a request.
FIRST_BYTE = "http11.send_request_headers.started"


@dataclass(frozen=True)
class Endpoint:
    """Where a provider is, and how it is told who calls: the `scheme` in the header `header`."""

    name: str
    base_url: str
    key: Key
    timeout_s: float
    header: str = "authorization"
    scheme: str = "Bearer "

    def headers(self) -> dict[str, str]:
        """What authorises a call; nothing where there is no key. Raises `KeyRefused`."""
        key = self.key.current()
        if key is not None and not (key.isascii() and key.isprintable()):
            raise KeyRefused(f"The key set for {self.name} holds characters no header may hold.")
        return {self.header: f"{self.scheme}{key}"} if key else {}


class Transport:
    """The connections of one event loop to all providers."""

    def __init__(self, *, loopback_only: bool = False) -> None:
        self._loopback_only = loopback_only
        self._connections = Connections()

    async def post(
        self, endpoint: Endpoint, path: str, body: Mapping[str, Any], *, road: RoadPass
    ) -> dict[str, Any]:
        """The answer's JSON object; raises what `provider_errors` draws, and what `road` does.

        After a 401 the key is looked up again, and tried once more if it has changed.
        """
        try:
            return await self._post(endpoint, path, body, road)
        except KeyRefused:
            if not endpoint.key.reread():
                raise
        return await self._post(endpoint, path, body, road)

    async def _post(
        self, endpoint: Endpoint, path: str, body: Mapping[str, Any], road: RoadPass
    ) -> dict[str, Any]:
        stream = self.stream(endpoint, path, body, timeout_s=endpoint.timeout_s, road=road)
        async with stream as response:
            road.observe(response.headers)
            content = await _whole(response, endpoint.name)
        if not response.is_success:
            raise error_of(
                endpoint.name, response.status_code, response.headers, content, endpoint.key
            )
        try:
            found = json.loads(content)
        except (ValueError, RecursionError):
            # The parser's error holds the whole document.
            raise garbled(endpoint.name, "what it sent is not JSON") from None
        if not isinstance(found, dict):
            raise garbled(endpoint.name, "what it sent is no JSON object")
        if found.get("error"):
            raise error_of(endpoint.name, 200, response.headers, content, endpoint.key)
        return found

    @asynccontextmanager
    async def stream(
        self,
        endpoint: Endpoint,
        path: str,
        body: Mapping[str, Any],
        *,
        timeout_s: float,
        road: RoadPass | None = None,
    ) -> AsyncIterator[httpx.Response]:
        """The open answer, for whoever reads it piece by piece; all within `timeout_s`, without
        what `road` has it wait."""
        url = endpoint.base_url.rstrip("/") + path
        self._check(endpoint.name, url)
        try:
            async with (
                asyncio.timeout(timeout_s) as limit,
                self._connections.client(endpoint.base_url) as client,
                client.stream(
                    "POST",
                    url,
                    content=json.dumps(body, ensure_ascii=False).encode(),
                    headers={"content-type": "application/json", **endpoint.headers()},
                    extensions={"trace": _departing(road, limit)} if road is not None else None,
                ) as response,
            ):
                yield response
        except (TimeoutError, httpx.TimeoutException):
            raise ProviderUnavailable(
                f"{endpoint.name} did not answer within {timeout_s:g} s.", code="provider_timed_out"
            ) from None
        except (httpx.HTTPError, httpx.StreamError) as error:
            # Not `from error`: an HTTP library's error may quote a header, and traces are kept.
            why = endpoint.key.blot(f"{type(error).__name__} {error}".strip())[:200]
            raise ProviderUnavailable(
                f"{endpoint.name} can't be reached at {shown(endpoint.base_url)}: {why}."
            ) from None

    async def close(self) -> None:
        """Give the connections back."""
        await self._connections.close()

    def _check(self, name: str, url: str) -> None:
        host = urlsplit(url).hostname or ""
        if self._loopback_only and not is_loopback(host):
            raise ProviderRefused(
                f"{name} is not on this machine and HAULAGE_PROVIDERS_NETWORK is `loopback`.",
                code="network_refused",
            )


def _departing(
    road: RoadPass, limit: asyncio.Timeout
) -> Callable[[str, dict[str, Any]], Awaitable[None]]:
    """Has a call depart when its connection stands: on a busy event loop that can take longer than
    a provider's limits forgive. The time it waits there is not the provider's."""

    async def trace(event: str, _info: dict[str, Any]) -> None:
        if event != FIRST_BYTE or limit.expired():
            return
        clock = asyncio.get_running_loop().time
        left_s = (limit.when() or 0.0) - clock()
        limit.reschedule(None)
        await road.depart()
        limit.reschedule(clock() + left_s)

    return trace


async def _whole(response: httpx.Response, name: str) -> bytes:
    parts, size = [], 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            raise garbled(name, f"what it sent is larger than {MAX_ANSWER_BYTES} bytes")
        parts.append(part)
    return b"".join(parts)


def garbled(name: str, what: str) -> ProviderUnavailable:
    """An answer that is none."""
    return ProviderUnavailable(
        f"{name} gave no usable answer: {what}. "
        "If this goes on, check that its base URL leads to its API.",
        code="provider_garbled",
    )


def is_loopback(host: str) -> bool:
    """Whether `host` names this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def shown(url: str) -> str:
    """An address as it may be shown: without user, password and query."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path}"
