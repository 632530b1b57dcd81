"""Traces, as the rest of Haulage sees them: spans that are nothing while nobody collects them.

Promises: until `start` finds an address to send spans to, OpenTelemetry is not imported and a span
costs a function call. Spans carry names, ids, states and numbers, never an input, a result, a
prompt or an error's text.

The context of a job's trace lies in its row (`traceparent`, as the W3C writes it). Each attempt is
a span below it, with an id that follows from the job and its fence: the next attempt, in another
process, links to it without being told.
"""

import hashlib
import os
import re
from collections.abc import Iterable, Mapping
from typing import Literal, Protocol
from uuid import UUID

from haulage.telemetry import logs

log = logs.get(__name__)

Kind = Literal["internal", "server", "client", "producer", "consumer"]
Value = str | int | float | bool
Attributes = Mapping[str, Value | None]

TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
# Of a span, to others that it concerns.
MOST_LINKS = 100
SPOKEN = "http/protobuf"
PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
HINT = (
    f"Set OTEL_EXPORTER_OTLP_PROTOCOL={SPOKEN} and the collector's address for it, whose port is "
    "4318 where that of gRPC is 4317."
)
ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


class Span(Protocol):
    """Something under way; what is opened inside of its block is below it."""

    def set(self, attributes: Attributes) -> None:
        """Say more of it; None says nothing."""
        ...

    def fail(self, code: str) -> None:
        """It did not succeed; `code` is a short word, not a text."""
        ...

    def rename(self, name: str) -> None:
        """Call it something else."""
        ...

    def end(self) -> None:
        """It is over, for one that is not opened as a block."""
        ...

    def __enter__(self) -> "Span": ...

    def __exit__(self, type_: object, error: BaseException | None, trace: object, /) -> None: ...


class Recorder(Protocol):
    """Who collects spans; `spans.py`."""

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
    ) -> Span: ...

    def nothing(self) -> Span: ...

    def current(self) -> str | None: ...

    def stop(self) -> None: ...


class _Nothing:
    """The span of a process that collects none."""

    __slots__ = ()

    def set(self, attributes: Attributes) -> None: ...

    def fail(self, code: str) -> None: ...

    def rename(self, name: str) -> None: ...

    def end(self) -> None: ...

    def __enter__(self) -> "_Nothing":
        return self

    def __exit__(self, type_: object, error: BaseException | None, trace: object, /) -> None: ...


NOTHING: Span = _Nothing()
_NO_ATTRIBUTES: Attributes = {}

_recorder: Recorder | None = None


def start(service: str) -> None:
    """Collect spans if the environment says where they go, by OpenTelemetry's own variables."""
    global _recorder
    wanted = any(os.environ.get(name) for name in ENDPOINTS)
    exporter = os.environ.get("OTEL_TRACES_EXPORTER", "otlp")
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true" or exporter == "none"
    if not wanted or off:
        return
    spoken = next((said for name in PROTOCOLS if (said := os.environ.get(name))), SPOKEN)
    if spoken != SPOKEN:
        log.warning("tracing.protocol_not_spoken", protocol=spoken, hint=HINT)
        return
    try:
        # Heavy, and for those only who want it.
        from haulage.telemetry.spans import open_recorder
    except ImportError as error:
        log.warning("tracing.not_installed", missing=error.name, hint="pip install 'haulage[otel]'")
        return
    _recorder = open_recorder(service)


def stop() -> None:
    """Send what was collected; nothing is collected after it."""
    global _recorder
    if _recorder is not None:
        recorder, _recorder = _recorder, None
        recorder.stop()


def is_on() -> bool:
    """Whether spans are collected."""
    return _recorder is not None


def span(
    name: str,
    attributes: Attributes = _NO_ATTRIBUTES,
    *,
    kind: Kind = "internal",
    parent: str | None = None,
    links: Iterable[str] = (),
    began_ns: int | None = None,
) -> Span:
    """A span below `parent`, or below the one that is under way here; else the first of a trace.
    `began_ns`: when it began, in nanoseconds of the epoch, if that was before now."""
    if _recorder is None:
        return NOTHING
    return _recorder.span(
        name,
        attributes,
        kind=kind,
        parent=parent,
        links=links,
        ids=None,
        began_ns=began_ns,
        alone=False,
    )


def part(name: str, attributes: Attributes = _NO_ATTRIBUTES, *, kind: Kind = "internal") -> Span:
    """A span below the one that is under way here; nothing where there is none: what processes ask
    their servers once a second is no trace."""
    if _recorder is None or _recorder.current() is None:
        return NOTHING
    return span(name, attributes, kind=kind)


def batch(name: str, parents: Iterable[str | None]) -> Span:
    """What is done for many at once: below the first of them, linked to the others. Whatever the
    task that does it was made in, is not above it."""
    if _recorder is None:
        return NOTHING
    if not (known := [one for one in dict.fromkeys(parents) if one is not None]):
        return _recorder.nothing()
    return _recorder.span(
        name,
        {"haulage.batch_size": len(known)},
        kind="internal",
        parent=known[0],
        links=known[1:MOST_LINKS],
        ids=None,
        began_ns=None,
        alone=True,
    )


def attempt(
    name: str,
    attributes: Attributes,
    *,
    job_id: UUID,
    fence: int,
    parent: str | None,
    links: Iterable[str] = (),
) -> Span:
    """The span of an attempt of a job, below its row's context and linked to the attempt before.
    A job without a context has a trace of its own, under the job's id."""
    if _recorder is None:
        return NOTHING
    trace_id = trace_of_job(job_id, parent) or job_id.hex
    before = [f"00-{trace_id}-{_span_id(job_id, fence - 1):016x}-01"] if fence > 1 else []
    return _recorder.span(
        name,
        attributes,
        kind="consumer",
        parent=parent,
        links=[*before, *links],
        ids=(int(trace_id, 16), _span_id(job_id, fence)),
        began_ns=None,
        alone=True,
    )


def current() -> str | None:
    """The `traceparent` of the span that is under way here."""
    return None if _recorder is None else _recorder.current()


def trace_id_of(traceparent: str | None) -> str | None:
    """The trace's id, if `traceparent` is one."""
    if traceparent is None or not TRACEPARENT.fullmatch(traceparent):
        return None
    trace_id = traceparent[3:35]
    return None if trace_id == "0" * 32 else trace_id


def trace_of_job(job_id: UUID, traceparent: str | None) -> str | None:
    """The id of a job's trace: of its context, else the one that its attempts begin."""
    return trace_id_of(traceparent) or (job_id.hex if is_on() else None)


def _span_id(job_id: UUID, fence: int) -> int:
    digest = hashlib.sha256(job_id.bytes + fence.to_bytes(8, "big")).digest()
    return int.from_bytes(digest[:8], "big") or 1
