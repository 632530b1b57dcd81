"""One source's API: what is pending, and what became of it.

Promises: each request takes the leave of the source's circuit breaker, which all processes share;
5xx, time-outs and lost connections count against it. A 401 makes a new token and one more try;
a second one says that something is configured wrongly.
"""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote, urlencode

from haulage.connectors.oauth2 import ClientCredentials
from haulage.connectors.source import SourceBody
from haulage.connectors.templates import look_up, render, render_text
from haulage.connectors.wire import Answer, Wire, check_status
from haulage.domain.errors import NotRetryable, Retryable
from haulage.limits.breaker import Breakers

MAX_LIST_BYTES = 32 * 1024 * 1024
MAX_ANSWER_BYTES = 1024 * 1024
UNAUTHORIZED = "unauthorized"
NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Remote:
    """Asks and tells. Every method raises `Retryable`, `NotRetryable`, and, where nothing was sent,
    `BreakerOpen` and `RedisAway`."""

    def __init__(
        self,
        name: str,
        source: SourceBody,
        wire: Wire,
        breakers: Breakers,
        credentials: ClientCredentials | None,
    ) -> None:
        self._name = name
        self._source = source
        self._wire = wire
        self._breakers = breakers
        self._credentials = credentials

    async def pending(self, limit: int) -> list[Any]:
        """What is listed now, up to `limit` by our own count, too."""
        url = self._source.list_url
        if self._source.limit_parameter:
            joint = "&" if "?" in url else "?"
            url += joint + urlencode({self._source.limit_parameter: limit})
        answer = await self._call("GET", url, None, max_bytes=MAX_LIST_BYTES, endpoint="pending")
        try:
            found = json.loads(answer.body)
        except (ValueError, RecursionError):
            found = None
        if self._source.items:
            found = look_up(found, self._source.items)
        if not isinstance(found, list):
            raise NotRetryable("The answer is no list of tasks.", code="garbled_list")
        return found[:limit]

    async def report(self, values: dict[str, Any], *, key: str) -> None:
        """Tell what became of a task; `values` are those of the report's templates. `key` is the
        same each time it is told, so that the API may know a repetition. Raises `TemplateFault` as
        well."""
        report = self._source.report
        url = render_text(report.url, values, quote=lambda text: quote(text, safe=""))
        content = json.dumps(render(report.body, values), separators=(",", ":")).encode()
        await self._call(
            report.method,
            url,
            content,
            max_bytes=MAX_ANSWER_BYTES,
            endpoint="report",
            headers={"Content-Type": "application/json", "Idempotency-Key": key},
        )

    async def _call(
        self,
        method: str,
        url: str,
        content: bytes | None,
        *,
        max_bytes: int,
        endpoint: str,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> Answer:
        async def send() -> tuple[Answer, str]:
            # The token server is another service: its failures say nothing about the API.
            await self._breakers.require_not_open(self._name)
            token = "" if self._credentials is None else await self._credentials.token()
            async with self._breakers.guard(self._name, counts=_speaks_against):
                answer = await self._wire.send(
                    method,
                    url,
                    headers={**self._headers(token), **headers},
                    content=content,
                    timeout_s=self._source.timeout_s,
                    max_bytes=max_bytes,
                    endpoint=f"{self._name}/{endpoint}",
                )
                if answer.status >= 500:
                    check_status(answer)
            return answer, token

        answer, token = await send()
        if answer.status == 401 and self._credentials is not None:
            self._credentials.forget(token)
            answer, _ = await send()
        if answer.status == 401:
            raise NotRetryable("The API does not let us in (401).", code=UNAUTHORIZED)
        check_status(answer)
        return answer

    def _headers(self, token: str) -> dict[str, str]:
        headers = {"Accept": "application/json"}
        headers |= {name: one.get_secret_value() for name, one in self._source.headers.items()}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return headers


def _speaks_against(error: BaseException) -> bool:
    return isinstance(error, Retryable)
