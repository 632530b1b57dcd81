"""The outermost layer of every answer: request id, access log, metrics, a few headers, and the last
net for faults of ours. Plain ASGI, so that streams pass through untouched.
"""

import os
import re
import time
from collections.abc import Callable, Sequence
from functools import cache, partial

from fastapi import FastAPI
from prometheus_client import Counter, Histogram
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from haulage.accounts.quota import Standing, standings
from haulage.api import headers, rate_limits
from haulage.api.errors import REQUEST_ID, broken
from haulage.api.lanes import Lanes
from haulage.api.overload import Overload
from haulage.api.representation import Representation
from haulage.telemetry import logs, tracing
from haulage.telemetry.metrics import HTTP_DURATION, HTTP_REQUESTS

log = logs.get(__name__)

_REQUEST_ID = re.compile(rb"[\x21-\x7e]{1,128}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    # No page of another origin may hold, embed or be opened with a handle on what is here.
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
# Pages for browsers bring a policy of their own; nothing else is one.
_POLICY = b"content-security-policy"
_NO_PAGE = (_POLICY, b"default-src 'none'; frame-ancestors 'none'")
# Asked every second by those who watch; their answers are counted, not told.
_UNTOLD = frozenset({"/health", "/ready", "/metrics"})
CLIENT_GONE = 499


class Edge:
    """Wraps the whole application. What has one of `lanes` goes there instead of through it, and
    what `overload` refuses nowhere."""

    def __init__(self, app: ASGIApp, *, overload: Overload, lanes: Lanes) -> None:
        self._app = app
        self._lanes = lanes
        self._overload = overload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        scope[REQUEST_ID] = request_id
        counted: list[Standing] = []
        started = time.perf_counter()
        if self._overload.refuses(scope, started):
            answer = _Answer(send, request_id, counted, None)
            inner: ASGIApp = self._overload.refusal
        else:
            self._overload.came(started)
            answer = _Answer(send, request_id, counted, partial(self._answered, scope, started))
            inner = self._lanes.of(scope) or self._app
        known: dict[str, str | None] = {"request_id": request_id}
        about = logs.job.set(known)
        counting = standings.set(counted)
        span = _span(scope, request_id)
        try:
            with span:
                known["traceparent"] = tracing.current()
                try:
                    await inner(scope, receive, Representation(scope, answer))
                finally:
                    _tell_span(span, scope, answer.status)
        except ClientDisconnect:
            answer.status = answer.status or CLIENT_GONE
        except Exception:
            log.exception("http.broken")
            if answer.status:
                # Half an answer is out: only a cut connection can say that it is not whole.
                raise
            await broken(scope)(scope, receive, Representation(scope, answer))
        finally:
            if answer.begins is not None:
                self._overload.left()
            _told(scope, answer.status, time.perf_counter() - started)
            standings.reset(counting)
            logs.job.reset(about)

    def _answered(self, scope: Scope, started: float, status: int) -> None:
        self._overload.answered(scope, status, started, time.perf_counter())


def surround(app: FastAPI, *, overload: Overload, lanes: Lanes) -> None:
    """Put the edge around all of `app`, which gets no middleware after this.

    Added as a middleware it would be inside of three layers of the framework's, which cost a lane a
    twentieth of a submit. It takes the place of the outermost, Starlette's net for faults.
    """
    net = app.build_middleware_stack()
    assert isinstance(net, ServerErrorMiddleware)
    app.middleware_stack = Edge(net.app, overload=overload, lanes=lanes)


class _Answer:
    """`send`, which adds our headers, remembers the status, and tells it `begins`, once."""

    def __init__(
        self,
        send: Send,
        request_id: str,
        counted: Sequence[Standing],
        begins: Callable[[int], None] | None,
    ) -> None:
        self._send = send
        self.begins = begins
        self._counted = counted
        self._request_id = request_id.encode()
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            if self.begins is not None:
                self.begins(self.status)
                self.begins = None
            headers = [*message.get("headers", ()), (b"x-request-id", self._request_id), *_HEADERS]
            # JSON has the very same; looking for that costs less than looking at each.
            if _NO_PAGE not in headers and not any(name == _POLICY for name, _ in headers):
                headers.append(_NO_PAGE)
            # A refusal has said already which limit it is about.
            if self._counted and not any(name == rate_limits.LEFT for name, _ in headers):
                headers += rate_limits.fields_of(self._counted)
            message = {**message, "headers": headers}
        await self._send(message)


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            if _REQUEST_ID.fullmatch(value):
                return str(value, "ascii")
            break
    # As nginx makes them. A UUID takes a submit several times as long.
    return os.urandom(16).hex()


def _span(scope: Scope, request_id: str) -> tracing.Span:
    if not tracing.is_on() or scope["path"] in _UNTOLD:
        return tracing.NOTHING
    sent = headers.line(scope, b"traceparent")
    about: tracing.Attributes = {
        "http.request.method": _method(scope),
        "url.path": scope["path"],
        "haulage.request_id": request_id,
    }
    return tracing.span("HTTP", about, kind="server", parent=sent)


def _tell_span(span: tracing.Span, scope: Scope, status: int) -> None:
    if span is not tracing.NOTHING:
        route = _route(scope)
        span.rename(f"{_method(scope)} {route}")
        span.set({"http.route": route, "http.response.status_code": status})
        if status >= 500:
            span.fail(str(status))


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else "(other)"


def _route(scope: Scope) -> str:
    # The template, not the path: labels must be few.
    return getattr(scope.get("route"), "path", "(none)")


@cache
def _series(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    return (
        HTTP_REQUESTS.labels(method=method, route=route, status=status),
        HTTP_DURATION.labels(method=method, route=route),
    )


def _told(scope: Scope, status: int, duration_s: float) -> None:
    route, method = _route(scope), _method(scope)
    requests, duration = _series(method, route, status)
    requests.inc()
    duration.observe(duration_s)
    if route not in _UNTOLD:
        log.info(
            "http.answered",
            method=method,
            path=scope["path"],
            route=route,
            status=status,
            duration_s=round(duration_s, 6),
        )
