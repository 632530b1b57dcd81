"""Spans by OpenTelemetry's SDK, sent by OTLP over HTTP; imported only where they are wanted.

Where they go, how many are kept and under which name is said by OpenTelemetry's own variables
(`OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_TRACES_SAMPLER`, `OTEL_SERVICE_NAME`, …). A receiver that is
away costs spans, never a job: they are sent by a thread, and dropped when its queue is full.
"""

import asyncio
import os
import threading
from collections.abc import Iterable
from contextvars import ContextVar, Token
from typing import Any

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator, RandomIdGenerator
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
)

from haulage import __version__
from haulage.domain.errors import HaulageError, Snoozed
from haulage.telemetry.callers_trace import callers_traceparent
from haulage.telemetry.tracing import TRACEPARENT, Attributes, Kind

KINDS = {kind.name.lower(): kind for kind in SpanKind}
STOP_WITHIN_S = 2.0
# The ids of the span that is made next.
_chosen: ContextVar[tuple[int, int] | None] = ContextVar("chosen_ids", default=None)


class Ids(IdGenerator):
    """Random ones, but for spans whose ids others must know."""

    def __init__(self) -> None:
        self._random = RandomIdGenerator()

    def generate_span_id(self) -> int:
        chosen = _chosen.get()
        return self._random.generate_span_id() if chosen is None else chosen[1]

    def generate_trace_id(self) -> int:
        chosen = _chosen.get()
        return self._random.generate_trace_id() if chosen is None else chosen[0]


class OtelSpan:
    """See `tracing.Span`."""

    __slots__ = ("_span", "_token")

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        self._token: Token[Any] | None = None

    def set(self, attributes: Attributes) -> None:
        for name, value in attributes.items():
            if value is not None:
                self._span.set_attribute(name, value)

    def fail(self, code: str) -> None:
        # Without a description: an error's text may quote a document.
        self._span.set_attribute("error.type", code)
        self._span.set_status(Status(StatusCode.ERROR))

    def rename(self, name: str) -> None:
        self._span.update_name(name)

    def end(self) -> None:
        self._span.end()

    def __enter__(self) -> "OtelSpan":
        self._token = contexts.attach(trace.set_span_in_context(self._span))
        return self

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, Snoozed):
            self._span.set_attribute("haulage.put_off", True)
        elif isinstance(error, HaulageError):
            self.fail(error.code)
        elif isinstance(error, Exception):
            self.fail(type(error).__name__)
        elif isinstance(error, asyncio.CancelledError):
            self._span.set_attribute("haulage.interrupted", True)
        assert self._token is not None
        contexts.detach(self._token)
        self._span.end()


class OtelRecorder:
    """See `tracing.Recorder`."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("haulage", __version__)

    def span(
        self,
        name: str,
        attributes: Attributes,
        *,
        kind: Kind,
        parent: str | None,
        links: Iterable[str],
        ids: tuple[int, int] | None,
        began_ns: int | None,
        alone: bool,
    ) -> OtelSpan:
        """`alone`: below `parent` or nothing. `ids`: its trace's, where it has no parent, and its
        own."""
        above = None if parent is None else read(parent)
        around = contexts.Context() if alone else None
        if above is not None:
            around = trace.set_span_in_context(NonRecordingSpan(above), contexts.Context())
        token = _chosen.set(ids)
        try:
            made = self._tracer.start_span(
                name,
                around,
                KINDS[kind],
                {key: value for key, value in attributes.items() if value is not None},
                [Link(one) for one in map(read, links) if one is not None],
                began_ns,
            )
        finally:
            _chosen.reset(token)
        return OtelSpan(made)

    def nothing(self) -> OtelSpan:
        """A block inside of which no span is under way."""
        return OtelSpan(trace.INVALID_SPAN)

    def current(self) -> str | None:
        return callers_traceparent()

    def stop(self) -> None:
        # A receiver that is away must not hold up the end of a process.
        sending = threading.Thread(target=self._provider.shutdown, name="last-spans", daemon=True)
        sending.start()
        sending.join(STOP_WITHIN_S)


def open_recorder(service: str) -> OtelRecorder:
    """Sends to where the environment says; `service` unless it names one."""
    resource = {"service.namespace": "haulage", "service.version": __version__}
    if not os.environ.get("OTEL_SERVICE_NAME"):
        resource["service.name"] = f"haulage-{service}"
    provider = TracerProvider(
        resource=Resource.create(resource), id_generator=Ids(), shutdown_on_exit=False
    )
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return OtelRecorder(provider)


def read(traceparent: str) -> SpanContext | None:
    """The context that `traceparent` names, in another process; None for nonsense."""
    if not TRACEPARENT.fullmatch(traceparent):
        return None
    _, trace_id, span_id, flags = traceparent.split("-")
    found = SpanContext(
        int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16))
    )
    return found if found.is_valid else None
