"""Posts to addresses that somebody else named; connections are kept and used again.

Promises: no connection is opened to an address that is not public unless a setting allows it. The
address that was judged is the one that is connected to, so a name that changes its mind (DNS
rebinding) gains nothing. No redirect is followed: a 3xx is an answer like any other. Of an answer
no more is read than its first bytes, and a call ends within its time however slowly it drips.

Errors: `Retryable` and `NotRetryable` with the codes of `fetcher.py`; an answer is never an error.
"""

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

import httpcore
import httpx

from haulage.domain.clock import Clock, SystemClock
from haulage.domain.errors import NotRetryable, Retryable
from haulage.web.addresses import Network, may_be_asked, parse_address
from haulage.web.fetcher import (
    USER_AGENT,
    Resolver,
    checked_url,
    refused_address,
    resolve,
    retry_after_s,
    tls_context,
)

EXCERPT_BYTES = 2_048
KEEPALIVE_S = 20.0
MAX_ORIGINS = 256
_Origin = tuple[bytes, bytes, int]
# The same few endpoints come again and again.
_known_url = lru_cache(maxsize=1_024)(checked_url)


@dataclass(frozen=True, slots=True)
class PostLimits:
    """What one post may take: seconds in all, and to connect; idle connections to one server."""

    total_s: float = 15.0
    connect_s: float = 5.0
    connections: int = 32


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and how the body begins, as text."""

    status: int
    excerpt: str
    retry_after_s: float | None = None

    @property
    def is_success(self) -> bool:
        """Whether it is a 2xx."""
        return 200 <= self.status < 300


class Poster:
    """The connections of one event loop. `allowed` are private networks that may be asked,
    `allow_private` allows them all."""

    def __init__(
        self,
        *,
        limits: PostLimits | None = None,
        allow_private: bool = False,
        allowed: Sequence[Network] = (),
        resolver: Resolver = resolve,
        clock: Clock | None = None,
    ) -> None:
        self._limits = limits or PostLimits()
        self._network = GuardedNetwork(
            allow_private=allow_private, allowed=allowed, resolver=resolver
        )
        self._clock = clock or SystemClock()
        # Those that are idle, by the server they lead to; the server used last comes last. Not
        # httpcore's pool, which looks at all its connections for each request: at 32 of them that
        # costs more than the request.
        self._idle: OrderedDict[_Origin, list[httpcore.AsyncHTTPConnection]] = OrderedDict()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send `body`; what was answered."""
        try:
            target = _known_url(url)
            async with asyncio.timeout(self._limits.total_s):
                return await self._post(target, body, headers)
        except (TimeoutError, httpcore.TimeoutException) as error:
            raise Retryable(
                f"No answer within {self._limits.total_s:g} s.", code="fetch_timed_out"
            ) from error
        except httpx.InvalidURL as error:
            raise NotRetryable("The address is no valid URL.", code="invalid_url") from error
        except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError) as error:
            raise Retryable(
                f"The connection failed ({type(error).__name__}).", code="connection_failed"
            ) from error

    async def aclose(self) -> None:
        """Give the idle connections back."""
        while self._idle:
            await self._forget_oldest()

    async def _post(self, target: httpx.URL, body: bytes, headers: Mapping[str, str]) -> Answer:
        request = httpcore.Request(
            "POST",
            httpcore.URL(
                scheme=target.raw_scheme,
                host=target.raw_host,
                port=target.port,
                target=target.raw_path,
            ),
            headers=[
                ("host", target.netloc),
                ("user-agent", USER_AGENT),
                ("content-length", str(len(body))),
                *headers.items(),
            ],
            content=body,
            extensions={"timeout": {"connect": self._limits.connect_s}},
        )
        origin = request.url.origin
        key = (origin.scheme, origin.host, origin.port)
        used = await self._take(key)
        if used is not None:
            # A server may close an idle connection at any moment, also while we write to it. What
            # is posted here may come twice: it carries an id.
            with suppress(httpcore.NetworkError, httpcore.RemoteProtocolError):
                return await self._ask(used, key, request)
        fresh = httpcore.AsyncHTTPConnection(
            origin,
            ssl_context=tls_context(),
            keepalive_expiry=KEEPALIVE_S,
            network_backend=self._network,
        )
        return await self._ask(fresh, key, request)

    async def _ask(
        self, connection: httpcore.AsyncHTTPConnection, key: _Origin, request: httpcore.Request
    ) -> Answer:
        try:
            response = await connection.handle_async_request(request)
            excerpt = await _excerpt(response)
            await response.aclose()
            if connection.is_idle():
                await self._give_back(connection, key)
            return Answer(
                response.status,
                excerpt,
                retry_after_s(_field(response, b"retry-after"), now=self._clock.now()),
            )
        finally:
            # What has not been read to its end goes with its connection.
            if connection not in self._idle.get(key, ()):
                await connection.aclose()

    async def _take(self, key: _Origin) -> httpcore.AsyncHTTPConnection | None:
        """The connection that was used last, if it is still good."""
        waiting = self._idle.get(key, [])
        while waiting:
            connection = waiting.pop()
            if not connection.has_expired():
                return connection
            await connection.aclose()
        return None

    async def _give_back(self, connection: httpcore.AsyncHTTPConnection, key: _Origin) -> None:
        self._idle.setdefault(key, []).append(connection)
        self._idle.move_to_end(key)
        if len(self._idle[key]) > self._limits.connections:
            await self._idle[key].pop(0).aclose()
        if len(self._idle) > MAX_ORIGINS:
            await self._forget_oldest()

    async def _forget_oldest(self) -> None:
        _, connections = self._idle.popitem(last=False)
        for connection in connections:
            await connection.aclose()


def check_target(url: str, *, allow_private: bool) -> None:
    """Raise `NotRetryable` or `httpx.InvalidURL` for what no post could reach. Of a host that is an
    address this tells all; a name is looked up when it is asked."""
    target = checked_url(url)
    try:
        address = parse_address(target.host)
    except ValueError:
        return
    if not may_be_asked(address, allow_private=allow_private):
        raise refused_address(target.host)


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Opens connections to addresses that may be asked, and to no others."""

    def __init__(
        self, *, allow_private: bool, allowed: Sequence[Network], resolver: Resolver
    ) -> None:
        self._allow_private = allow_private
        self._allowed = tuple(allowed)
        self._resolve = resolver
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first address of `host` that answers."""
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise Retryable(
                f"The name {host!r} cannot be resolved.", code="name_not_resolved"
            ) from error
        # One private address among public ones is enough: which one is used is chance.
        if not addresses or not all(
            may_be_asked(
                parse_address(one), allow_private=self._allow_private, allowed=self._allowed
            )
            for one in addresses
        ):
            raise refused_address(host)
        *others, last = addresses
        for address in others:
            try:
                return await self._network.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._network.connect_tcp(last, port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Never: no URL leads to one."""
        raise NotImplementedError

    async def sleep(self, seconds: float) -> None:
        """As httpcore asks for between its own attempts."""
        await asyncio.sleep(seconds)


async def _excerpt(response: httpcore.Response) -> str:
    """How the body begins. The status has been heard: a body that breaks off changes nothing."""
    read = b""
    try:
        async for part in response.aiter_stream():
            read += part
            if len(read) >= EXCERPT_BYTES:
                break
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException):
        pass
    return read[:EXCERPT_BYTES].decode("utf-8", "replace")


def _field(response: httpcore.Response, name: bytes) -> str | None:
    for key, value in response.headers:
        if key.lower() == name:
            return value.decode("latin-1")
    return None
