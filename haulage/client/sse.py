"""Server-sent events, from bytes as they arrive (WHATWG HTML, 9.2.6, interpreting a stream).

Lines end in CR, LF or CRLF and nothing else: text with U+2028 or form feeds stays whole, which
`str.splitlines` and the line readers built on it would tear apart.
"""

import json
import re
from collections.abc import Iterator

from haulage.client.models import Event

_LINE_END = re.compile(rb"\r\n|\n|\r")


class Parser:
    """Feed it chunks, cut anywhere; it gives back the events that are complete."""

    def __init__(self) -> None:
        self._rest = b""
        self._id = 0
        self._name = ""
        self._data: list[str] = []

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """The events that end in `chunk`. Comments and events without data give nothing."""
        for line in self._lines(chunk):
            if line:
                self._field(line.decode("utf-8", "replace"))
            elif self._data:
                yield self._dispatch()
            else:
                self._name = ""

    def _lines(self, chunk: bytes) -> Iterator[bytes]:
        buffer = self._rest + chunk
        start = 0
        for end in _LINE_END.finditer(buffer):
            # A CR at the very end may be the first half of a CRLF: wait for what follows it.
            if end.group() == b"\r" and end.end() == len(buffer):
                break
            yield buffer[start : end.start()]
            start = end.end()
        self._rest = buffer[start:]

    def _field(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._name = value
        elif name == "id" and value.isdecimal():
            self._id = int(value)

    def _dispatch(self) -> Event:
        text = "\n".join(self._data)
        try:
            data = json.loads(text)
        except ValueError:
            data = text
        event = Event(
            self._id, self._name or "message", data if isinstance(data, dict) else {"value": data}
        )
        self._name, self._data = "", []
        return event
