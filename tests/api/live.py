"""The API on a real port, and readers of its streams."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn

from haulage.client.sse import Parser
from tests.api.conftest import Api, until


@dataclass
class Live:
    """The API on a real port, and a client of it."""

    api: Api
    http: httpx.AsyncClient

    async def submit(self) -> str:
        body = {"type": "speak", "input": {"text": "hello"}}
        return (await self.http.post("/api/v1/jobs", json=body)).json()["id"]

    @asynccontextmanager
    async def follow(self, job_id: str, **headers: str) -> AsyncIterator["Reader"]:
        url = f"/api/v1/jobs/{job_id}/events"
        async with self.http.stream("GET", url, headers=headers) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            yield Reader(answer)

    async def waiting(self, number: int) -> None:
        """Until so many streams wait for news."""
        await until(lambda: self.api.hub.waiting == number)


class Reader:
    """Events as they come."""

    def __init__(self, answer: httpx.Response) -> None:
        self._chunks = answer.aiter_bytes()
        self._parser = Parser()
        self._had: list[Any] = []
        self.raw = b""

    async def next(self) -> Any:
        async with asyncio.timeout(10):
            while not self._had:
                chunk = await anext(self._chunks)
                self.raw += chunk
                self._had += self._parser.feed(chunk)
        return self._had.pop(0)

    async def rest(self) -> list[Any]:
        async with asyncio.timeout(20):
            async for chunk in self._chunks:
                self.raw += chunk
                self._had += self._parser.feed(chunk)
        return self._had


@asynccontextmanager
async def listening(api: Api) -> AsyncIterator[Live]:
    server = uvicorn.Server(
        uvicorn.Config(api.app, port=0, lifespan="off", log_config=None, http="httptools")
    )
    server.capture_signals = lambda: asyncio.timeout(None)  # type: ignore[method-assign]
    serving = asyncio.create_task(server._serve())
    await until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        yield Live(api, http)
        api.hub.end_all()
    server.should_exit = True
    await serving
