"""The API on a real port, behind the server that ships."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from websockets.asyncio.client import connect

from haulage.api.server import HttpServer
from haulage.engine.services import Services
from haulage.settings import Settings
from tests.api.conftest import Api, running_api, until


class Served:
    """The API behind the server that ships."""

    def __init__(self, api: Api, port: int) -> None:
        self.api = api
        self.port = port

    async def submit(self) -> str:
        body = {"type": "speak", "input": {"text": "hello"}}
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.post(f"http://127.0.0.1:{self.port}/api/v1/jobs", json=body)
        return answer.json()["id"]

    def follow(self, job_id: str, query: str = "", **options: Any) -> connect:
        return connect(
            f"ws://127.0.0.1:{self.port}/api/v1/jobs/{job_id}/ws{query}", proxy=None, **options
        )

    async def waiting(self, number: int) -> None:
        await until(lambda: self.api.hub.waiting == number)


@asynccontextmanager
async def serving(
    settings: Settings, services: Services, *, max_stall_s: float = 30, **hub_options: Any
) -> AsyncIterator[Served]:
    async with running_api(settings, services, **hub_options) as api:
        server = HttpServer(
            api.app, host="127.0.0.1", port=0, shutdown_s=1, max_stall_s=max_stall_s
        )
        running = asyncio.create_task(server.serve())
        await until(lambda: server.port)
        yield Served(api, server.port or 0)
        api.hub.end_all()
        server.stop()
        await running
