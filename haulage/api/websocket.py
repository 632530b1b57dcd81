"""A job's events over a WebSocket: the same ones as over SSE, each a JSON text message.

Close codes: 1000 the job is over and everything was said; 1001 this process shuts down; 1011 the
events can't be read right now; 4400 the request does not fit; 4401 no credential that counts; 4403
the caller may not; 4404 there is no such job; 4408 the reader was too slow. Whoever comes back says
`after` with the `id` it had last.
"""

import asyncio
from contextlib import suppress
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.websockets import WebSocket, WebSocketDisconnect

from haulage.api.events import Stream, data_of
from haulage.domain.errors import Unavailable
from haulage.domain.job import Event
from haulage.storage.json_text import dumps
from haulage.telemetry import logs

log = logs.get(__name__)

OVER = 1000
GOING_AWAY = 1001
BROKEN = 1011
UNFIT = 4400
NO_SUCH_JOB = 4404
TOO_SLOW = 4408


def encode(event: Event) -> bytes:
    """One event as a message."""
    said = {"id": event.seq, "event": event.kind.value, "data": data_of(event)}
    return dumps(said).encode()


def from_elsewhere(connection: HTTPConnection) -> bool:
    """Whether a browser sent this for another site's page. A WebSocket is bound by no CORS, so a
    page anywhere could read the events of whoever looks at it."""
    origin = connection.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != connection.headers.get("host")


async def tell(socket: WebSocket, stream: Stream) -> None:
    """Send `stream` over an accepted `socket` and close it, unless the reader leaves before."""
    telling = asyncio.create_task(_tell(socket, stream))
    leaving = asyncio.create_task(_gone(socket))
    try:
        await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (telling, leaving):
            task.cancel()
        await asyncio.wait({telling, leaving})
    if not telling.cancelled():
        with suppress(WebSocketDisconnect):
            telling.result()


async def _tell(socket: WebSocket, stream: Stream) -> None:
    try:
        async for batch in stream.batches():
            # A quiet job needs no word of ours: the server pings.
            for message in batch:
                await socket.send_text(message.decode())
    except Unavailable:
        log.warning("events.replay_broken")
        await socket.close(BROKEN, "The events can't be read right now; come back with `after`.")
    else:
        if stream.too_slow:
            await socket.close(TOO_SLOW, "You read too slowly; come back with `after`.")
        elif stream.is_over:
            await socket.close(OVER, "The job is over.")
        else:
            await socket.close(GOING_AWAY, "This process shuts down; come back with `after`.")


async def _gone(socket: WebSocket) -> None:
    """Until the reader leaves; what it says meanwhile is nothing to us."""
    with suppress(WebSocketDisconnect):
        while True:
            if (await socket.receive())["type"] == "websocket.disconnect":
                return
