"""Takes the traces of a topology: an OTLP receiver (HTTP, protobuf) that counts spans by name.

It reads of protobuf what that takes: the field numbers are those of `opentelemetry/proto/trace/v1`.
"""

import gzip
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_RESOURCE_SPANS, _SCOPE_SPANS, _SPANS, _NAME = 1, 2, 2, 5
_VARINT, _EIGHT_BYTES, _BYTES, _FOUR_BYTES = 0, 1, 2, 5


class Traces:
    """What has arrived so far."""

    def __init__(self) -> None:
        self.port = 0
        self.spans: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, body: bytes) -> None:
        """Count the spans of one export."""
        names = [
            name.decode()
            for resource in _field(body, _RESOURCE_SPANS)
            for scope in _field(resource, _SCOPE_SPANS)
            for span in _field(scope, _SPANS)
            for name in _field(span, _NAME)
        ]
        with self._lock:
            self.spans.update(names)


def environment(traces: Traces) -> dict[str, str]:
    """What has every process send its traces here."""
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{traces.port}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    }


@contextmanager
def receiving() -> Iterator[Traces]:
    """A receiver on loopback; `port` says where."""
    traces = Traces()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            if self.path == "/v1/traces":
                traces.take(body)
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        traces.port = server.server_port
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield traces
        finally:
            server.shutdown()


def _field(message: bytes, wanted: int) -> Iterator[bytes]:
    """The contents of a message's field that holds messages or text."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind == _VARINT:
            _, at = _varint(message, at)
        elif kind == _BYTES:
            length, at = _varint(message, at)
            if tag >> 3 == wanted:
                yield message[at : at + length]
            at += length
        elif kind in (_EIGHT_BYTES, _FOUR_BYTES):
            at += 8 if kind == _EIGHT_BYTES else 4
        else:
            raise ValueError(f"wire type {kind}")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return value, at
