"""An OTLP receiver on loopback: keeps the spans that processes send, as trees."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status


@dataclass
class Seen:
    """A span that was sent. Ids are in hexadecimal."""

    service: str
    trace: str
    id: str
    parent: str
    name: str
    kind: str
    failed: bool
    attributes: dict[str, object]
    links: list[tuple[str, str]]
    began_ns: int
    ended_ns: int
    below: list["Seen"] = field(default_factory=list)

    def all(self) -> Iterator["Seen"]:
        """Itself and everything below it."""
        yield self
        for one in self.below:
            yield from one.all()

    def find(self, name: str, **attributes: object) -> list["Seen"]:
        """Those below it, or itself, whose name begins with these words, as they began."""
        wanted = {f"haulage.{key}": value for key, value in attributes.items()}
        found = [
            one
            for one in self.all()
            if f"{one.name} ".startswith(f"{name} ") and wanted.items() <= one.attributes.items()
        ]
        return sorted(found, key=lambda one: one.began_ns)

    def outline(self, depth: int = 0) -> str:
        """For people, when a test fails."""
        line = f"{'  ' * depth}{self.service} {self.name} {self.attributes}\n"
        return line + "".join(one.outline(depth + 1) for one in self.below)


class Collector:
    """Started by being made; `endpoint` is what `OTEL_EXPORTER_OTLP_ENDPOINT` takes."""

    def __init__(self) -> None:
        self._spans: list[tuple[str, Span]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer._take(ExportTraceServiceRequest.FromString(body))
                answer = ExportTraceServiceResponse().SerializeToString()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-protobuf")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def spans(self, trace_id: str) -> list[Seen]:
        """The spans of one trace, each with those below it."""
        seen = {
            one.span_id: _seen(service, one)
            for service, one in list(self._spans)
            if one.trace_id.hex() == trace_id
        }
        for one in seen.values():
            if (above := seen.get(bytes.fromhex(one.parent))) is not None:
                above.below.append(one)
        return list(seen.values())

    def tree(self, trace_id: str) -> Seen:
        """The first span of a trace, which must be one piece."""
        spans = self.spans(trace_id)
        ids = {one.id for one in spans}
        roots = [one for one in spans if one.parent not in ids]
        assert len(roots) == 1, "".join(one.outline() for one in roots)
        return roots[0]

    def said(self) -> str:
        """Everything that was sent, as text."""
        return "".join(str(span) for _, span in list(self._spans))

    def _take(self, request: ExportTraceServiceRequest) -> None:
        for of_one in request.resource_spans:
            named = {one.key: one.value.string_value for one in of_one.resource.attributes}
            for scope in of_one.scope_spans:
                self._spans += [(named["service.name"], span) for span in scope.spans]


def _seen(service: str, span: Span) -> Seen:
    return Seen(
        service=service,
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        name=span.name,
        kind=Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
        failed=span.status.code == Status.STATUS_CODE_ERROR,
        attributes={
            one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes
        },
        links=[(one.trace_id.hex(), one.span_id.hex()) for one in span.links],
        began_ns=span.start_time_unix_nano,
        ended_ns=span.end_time_unix_nano,
    )
