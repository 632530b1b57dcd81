"""The one fetcher for addresses that somebody else named: scraper, webhooks, poller.

Promises: no request leaves for an address that is not public unless `allow_private`; that is
decided for every hop of a redirect, before anything is sent, from all addresses of the name, and
again by httpx-secure for the very address each connection uses, so that a name which changes its
mind in between (DNS rebinding) gains nothing. Size (compressed or not), redirects and total time
are limited. Proxies and credentials of the environment are ignored.

The first check looks redundant beside httpx-secure's, but that one opens and closes a connection to
learn which address a name has; an attacker could tell open ports inside from closed ones.

Errors: `Retryable` for 408, 425, 429, 5xx, time-outs and connections that fail, with the server's
`Retry-After`; `NotRetryable` for everything that another try cannot help.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from functools import cache
from ssl import SSLContext

import httpx
from httpx_secure import SSRFProtectionError, httpx_ssrf_protection

from haulage.domain.clock import Clock, SystemClock
from haulage.domain.errors import NotRetryable, Retryable
from haulage.web.addresses import Address, Network, may_be_asked, parse_address
from haulage.web.decoding import ACCEPT_ENCODING, decode_text, read_within

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]

USER_AGENT = "haulage/0.1 (+https://github.com/haulage/haulage)"
HTML = ("text/html", "application/xhtml+xml")
_PORTS = {"http": 80, "https": 443}
_MAX_URL_CHARACTERS = 4_096
_TRY_AGAIN = (408, 425, 429)
_LONGEST_RETRY_AFTER_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What one fetch may cost: decompressed bytes, seconds over all hops, redirects."""

    max_bytes: int = 5_000_000
    total_s: float = 30.0
    connect_s: float = 10.0
    max_redirects: int = 5


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page. `size` in bytes after decompression; `media_type` without parameters, lower case."""

    final_url: str
    status: int
    media_type: str
    text: str
    size: int


async def resolve(host: str, port: int) -> list[str]:
    """Every address of `host`, as the operating system sees it; raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[4][0]) for address in found]


class Fetcher:
    """Fetches pages by GET; safe to share between the tasks of one event loop.

    `allowed` are private networks that may be asked; `allow_private` allows them all.
    """

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        allow_private: bool = False,
        allowed: Sequence[Network] = (),
        resolver: Resolver = resolve,
        clock: Clock | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._allow_private = allow_private
        self._allowed = tuple(allowed)
        self._resolve = resolver
        self._clock = clock or SystemClock()

    async def get(self, url: str, *, accept: tuple[str, ...] = HTML) -> Fetched:
        """Fetch `url` as one of the media types `accept`; see the module for the errors."""
        try:
            async with asyncio.timeout(self._limits.total_s):
                return await self._follow(url, accept)
        except TimeoutError as error:
            raise Retryable(
                f"No whole answer within {self._limits.total_s:g} s.", code="fetch_timed_out"
            ) from error
        except SSRFProtectionError as error:
            raise refused_address(error.hostname) from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise NotRetryable("The address is no valid URL.", code="invalid_url") from error
        except httpx.TimeoutException as error:
            raise Retryable("The server did not answer in time.", code="fetch_timed_out") from error
        except httpx.HTTPError as error:
            raise Retryable(
                f"The connection failed ({type(error).__name__}).", code="connection_failed"
            ) from error

    async def _follow(self, url: str, accept: tuple[str, ...]) -> Fetched:
        async with self._client() as client:
            target = checked_url(url)
            for _ in range(self._limits.max_redirects + 1):
                await self._refuse_private(target)
                headers = {"Accept": ", ".join((*accept, "*/*;q=0.1"))}
                async with client.stream("GET", target, headers=headers) as response:
                    if not response.has_redirect_location:
                        return await self._read(response, accept)
                    target = checked_url(str(target.join(response.headers["location"])))
        raise NotRetryable(
            f"More than {self._limits.max_redirects} redirects.", code="too_many_redirects"
        )

    def _client(self) -> httpx.AsyncClient:
        """A client for one fetch: its cookies and its resolved addresses are nobody else's."""
        client = httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            verify=tls_context(),
            timeout=httpx.Timeout(self._limits.total_s, connect=self._limits.connect_s),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": ACCEPT_ENCODING},
        )
        return httpx_ssrf_protection(
            client,
            # Ours is the stricter check; theirs would refuse what a setting allows.
            check_globally_reachable=False,
            custom_validator=lambda _host, address, _port: self._may_ask(address),
        )

    async def _refuse_private(self, target: httpx.URL) -> None:
        port = target.port or _PORTS[target.scheme]
        try:
            addresses = await self._resolve(target.raw_host.decode("ascii"), port)
        except (OSError, UnicodeError) as error:
            raise Retryable(
                f"The name {target.host!r} cannot be resolved.", code="name_not_resolved"
            ) from error
        # One private address among public ones is enough: which one is used is chance.
        if not addresses or not all(self._may_ask(parse_address(each)) for each in addresses):
            raise refused_address(target.host)

    def _may_ask(self, address: Address) -> bool:
        return may_be_asked(address, allow_private=self._allow_private, allowed=self._allowed)

    async def _read(self, response: httpx.Response, accept: tuple[str, ...]) -> Fetched:
        self._refuse_status(response)
        declared = Message()
        declared["content-type"] = response.headers.get("content-type", "")
        media_type = declared.get_content_type() if declared["content-type"] else ""
        if media_type not in accept:
            raise NotRetryable(
                f"The answer is {media_type or 'of no declared type'}, not {' or '.join(accept)}.",
                code="unexpected_media_type",
            )
        body = await read_within(
            response.aiter_raw(),
            response.headers.get("content-encoding", ""),
            max_bytes=self._limits.max_bytes,
        )
        charset = declared.get_param("charset")
        return Fetched(
            final_url=str(response.url),
            status=response.status_code,
            media_type=media_type,
            text=decode_text(body, charset if isinstance(charset, str) else None),
            size=len(body),
        )

    def _refuse_status(self, response: httpx.Response) -> None:
        status = response.status_code
        if 200 <= status < 300:
            return
        message = f"The server answered {status} {response.reason_phrase}".rstrip() + "."
        if status in _TRY_AGAIN or status >= 500:
            raise Retryable(
                message,
                code=f"http_{status}",
                retry_after_s=retry_after_s(
                    response.headers.get("retry-after"), now=self._clock.now()
                ),
            )
        raise NotRetryable(message, code=f"http_{status}")


def retry_after_s(value: str | None, *, now: datetime) -> float | None:
    """Seconds from a `Retry-After` field (seconds or a date), within a day; None if unreadable."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(float(text), _LONGEST_RETRY_AFTER_S)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    wait = (date if date.tzinfo else date.replace(tzinfo=UTC)) - now
    return min(max(wait.total_seconds(), 0.0), _LONGEST_RETRY_AFTER_S)


def checked_url(url: str) -> httpx.URL:
    """A URL that may be asked at all, its fragment dropped; addresses are judged later.

    Raises `NotRetryable`, and `httpx.InvalidURL`.
    """
    if len(url) > _MAX_URL_CHARACTERS:
        raise NotRetryable("The URL is too long.", code="invalid_url")
    target = httpx.URL(url)
    if target.scheme not in _PORTS:
        raise NotRetryable("Only http and https addresses are fetched.", code="unsupported_scheme")
    if not target.host:
        raise NotRetryable("The URL names no host.", code="invalid_url")
    if target.port is not None and not 0 < target.port < 65_536:
        raise NotRetryable("The URL names no possible port.", code="invalid_url")
    if target.userinfo:
        raise NotRetryable("A URL with credentials is not fetched.", code="credentials_in_url")
    return target.copy_with(fragment=None)


def refused_address(host: str) -> NotRetryable:
    """The error for a name that leads to an address nobody may ask."""
    return NotRetryable(
        f"{host!r} is not a public address; a setting can allow private ones.",
        code="address_refused",
    )


@cache
def tls_context() -> SSLContext:
    """The certificates that are trusted, read once."""
    # Loading the certificates takes longer than many a fetch.
    return httpx.create_ssl_context(trust_env=False)
