"""The yardstick for streams: Starlette on uvicorn sends server-sent events and does nothing else.

`/events/N` says a line each `every` seconds, the first after `delay`; without `every` it is silent.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from bench import serving


async def ready(_request: Request) -> Response:
    """For whoever starts it."""
    return JSONResponse({})


async def events(request: Request) -> Response:
    """A stream."""
    every_s = float(request.query_params.get("every", 0))
    delay_s = float(request.query_params.get("delay", 0))
    return StreamingResponse(_lines(every_s, delay_s), media_type="text/event-stream")


async def _lines(every_s: float, delay_s: float) -> AsyncIterator[bytes]:
    yield b"retry: 1000\n\n"
    if not every_s:
        await asyncio.Event().wait()
    await asyncio.sleep(delay_s)
    while True:
        line = json.dumps({"message": "said", "fields": {"said_at": time.time()}})
        yield f"event: log\ndata: {line}\n\n".encode()
        await asyncio.sleep(every_s)


app = Starlette(routes=[Route("/ready", ready), Route("/events/{number}", events)])

if __name__ == "__main__":
    serving.serve(app)
