"""A lean HTTP/1.1 client with kept connections, for many requests in one process.

A general client would use more of the machine's cores than the servers that it works.
"""

import asyncio
import json
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

CONNECT_S, ANSWER_S = 5.0, 30.0  # as `haulage.Client`
_END = b"\r\n\r\n"

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True)
class Answer:
    """A status and a JSON body, and when to come back if it is a refusal that says so."""

    status: int
    body: bytes
    retry_after_s: float | None = None

    def json(self) -> Any:
        """What the body says."""
        return json.loads(self.body)


class Wire:
    """Sends requests; takes a connection that is free, or opens another one."""

    def __init__(self, headers: dict[str, str]) -> None:
        self._head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._free: dict[str, list[Connection]] = defaultdict(list)

    async def ask(
        self,
        method: str,
        address: str,
        path: str,
        *,
        body: object = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Raises OSError (TimeoutError too) or EOFError when nobody answers."""
        connection = self._kept(address)
        if connection is None:
            host, _, port = address.removeprefix("http://").partition(":")
            async with asyncio.timeout(CONNECT_S):
                connection = await asyncio.open_connection(host, int(port))
        content = b"" if body is None else json.dumps(body).encode()
        lines = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
        kind = f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n"
        head = f"{method} {path} HTTP/1.1\r\nHost: haulage\r\n{self._head}{lines}"
        message = f"{head}{kind if content else ''}\r\n".encode() + content
        try:
            async with asyncio.timeout(ANSWER_S):
                connection[1].write(message)
                answer, stays = await _read(connection[0])
        except BaseException:
            connection[1].close()
            raise
        if stays:
            self._free[address].append(connection)
        else:
            connection[1].close()
        return answer

    async def close(self) -> None:
        """Close what is kept."""
        for connections in self._free.values():
            for _, writer in connections:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
        self._free.clear()

    def _kept(self, address: str) -> Connection | None:
        free = self._free[address]
        while free:
            reader, writer = free.pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        return None


async def _read(reader: asyncio.StreamReader) -> tuple[Answer, bool]:
    """An answer, and whether the connection stays open."""
    head = (await reader.readuntil(_END)).lower()
    status = int(head.split(b" ", 2)[1])
    headers = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
    body = await reader.readexactly(int(headers.get(b"content-length", b"0")))
    again = headers.get(b"retry-after")
    return Answer(status, body, float(again) if again else None), headers.get(
        b"connection"
    ) != b"close"
