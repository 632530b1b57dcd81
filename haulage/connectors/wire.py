"""Requests to an API that an operator has named, and what their answers may cost.

Promises: an answer is limited in size and time; a redirect is followed on the same host only, and
only where the request stays the same, so that neither a token nor a result goes to anybody else;
proxies and credentials of the environment are ignored. Private addresses are allowed: an operator,
not a task, has named the host.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import httpx

from haulage.domain.errors import NotRetryable, Retryable
from haulage.telemetry import source_metrics
from haulage.web.decoding import ACCEPT_ENCODING, read_within
from haulage.web.fetcher import USER_AGENT, retry_after_s

MAX_REDIRECTS = 3
_SAME_REQUEST = (307, 308)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of whatever status."""

    status: int
    body: bytes = field(repr=False)
    retry_after_s: float | None = None


class Wire:
    """Connections of one event loop, shared by all sources."""

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        self._now = now
        self._client = httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            timeout=None,  # noqa: S113 - each request has one over all of it
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": ACCEPT_ENCODING},
        )

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        timeout_s: float,
        max_bytes: int,
        endpoint: str,
        content: bytes | None = None,
    ) -> Answer:
        """One request. `endpoint` is its name in the metrics. Raises `Retryable` when no whole
        answer comes in time, `NotRetryable` for an answer that is too large or leads elsewhere."""
        started, status = time.perf_counter(), "none"
        try:
            async with asyncio.timeout(timeout_s):
                answer = await self._follow(method, httpx.URL(url), headers, content, max_bytes)
            status = str(answer.status)
            return answer
        except TimeoutError as error:
            raise Retryable(f"No answer within {timeout_s:g} s.", code="timed_out") from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise NotRetryable("The address is no valid URL.", code="invalid_url") from error
        except httpx.HTTPError as error:
            raise Retryable(
                f"The connection failed ({type(error).__name__}).", code="connection_failed"
            ) from error
        finally:
            source_metrics.API_REQUESTS.labels(endpoint, method, status).inc()
            took_s = time.perf_counter() - started
            source_metrics.API_DURATION.labels(endpoint, method).observe(took_s)

    async def close(self) -> None:
        """Disconnect."""
        await self._client.aclose()

    async def _follow(
        self,
        method: str,
        url: httpx.URL,
        headers: Mapping[str, str],
        content: bytes | None,
        max_bytes: int,
    ) -> Answer:
        home = _origin(url)
        for _ in range(MAX_REDIRECTS + 1):
            async with self._client.stream(
                method, url, headers=dict(headers), content=content
            ) as response:
                if not response.has_redirect_location:
                    return await self._read(response, max_bytes)
                if method != "GET" and response.status_code not in _SAME_REQUEST:
                    raise NotRetryable(
                        f"The answer {response.status_code} would make it another request.",
                        code="redirected",
                    )
                url = url.join(response.headers["location"])
                if _origin(url) != home:
                    raise NotRetryable(
                        f"It is redirected to another host, {url.host!r}; nothing was sent there.",
                        code="redirected_elsewhere",
                    )
        raise NotRetryable(f"More than {MAX_REDIRECTS} redirects.", code="redirected")

    async def _read(self, response: httpx.Response, max_bytes: int) -> Answer:
        body = await read_within(
            response.aiter_raw(), response.headers.get("content-encoding", ""), max_bytes=max_bytes
        )
        wait_s = retry_after_s(response.headers.get("retry-after"), now=self._now())
        return Answer(response.status_code, body, wait_s)


def check_status(answer: Answer) -> None:
    """Raise for what is no success: `Retryable` for 5xx and 429, `NotRetryable` for the others."""
    if 200 <= answer.status < 300:
        return
    message, code = f"The answer is {answer.status}.", f"http_{answer.status}"
    if answer.status >= 500 or answer.status in (408, 425, 429):
        raise Retryable(message, code=code, retry_after_s=answer.retry_after_s)
    raise NotRetryable(message, code=code)


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
