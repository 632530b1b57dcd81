"""Sends a stream of events over HTTP, and lets go of it the moment its reader has gone."""

import asyncio

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from haulage.api.events import Stream, data_of
from haulage.domain.errors import Unavailable
from haulage.domain.job import Event
from haulage.storage.json_text import dumps
from haulage.telemetry import logs

log = logs.get(__name__)

KEEPALIVE = b": still here\n\n"
# The client waits this long before it comes back.
GREETING = b"retry: 1000\n\n"


def encode(event: Event) -> bytes:
    """One event as SSE."""
    # Escaped to ASCII: no line separator inside the text can end the line.
    data = dumps(data_of(event))
    return f"id: {event.seq}\nevent: {event.kind.value}\ndata: {data}\n\n".encode()


class EventStream(Response):
    """`text/event-stream`, until the stream ends or its reader goes."""

    media_type = "text/event-stream"

    def __init__(self, stream: Stream) -> None:
        # Proxies must neither keep nor gather what is meant for now.
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        await send(
            {
                "type": "http.response.start",
                "status": self.status_code,
                "headers": self.raw_headers,
            }
        )
        telling = asyncio.create_task(self._tell(send))
        leaving = asyncio.create_task(_gone(receive))
        try:
            await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (telling, leaving):
                task.cancel()
            await asyncio.wait({telling, leaving})
        if not telling.cancelled():
            telling.result()

    async def _tell(self, send: Send) -> None:
        try:
            await send(_part(GREETING))
            async for batch in self._stream.batches():
                await send(_part(b"".join(batch) or KEEPALIVE))
        except Unavailable:
            # An early end is what a reader knows how to mend.
            log.warning("events.replay_broken")
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _part(chunk: bytes) -> Message:
    return {"type": "http.response.body", "body": chunk, "more_body": True}


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
