"""The open connections to all providers, one for each call under way.

A pool that hands out connections decides who gets one while others are on their way to it, and
whoever loses asks again: on a busy event loop calls whose moment has come wait for seconds. Here a
call takes a client of its own, which holds one connection, and gives it back.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

CONNECT_TIMEOUT_S = 5.0
KEEPALIVE_S = 30.0


class Connections:
    """Of one event loop."""

    def __init__(self) -> None:
        # By where they lead, the one that was used last at the end, and since when.
        self._idle: dict[str, deque[tuple[float, httpx.AsyncClient]]] = {}
        self._certificates: ssl.SSLContext | None = None

    @asynccontextmanager
    async def client(self, base_url: str) -> AsyncIterator[httpx.AsyncClient]:
        """For one call at a time."""
        idle = self._idle.setdefault(base_url, deque())
        client = idle.pop()[1] if idle else self._new()
        try:
            yield client
        finally:
            now = asyncio.get_running_loop().time()
            idle.append((now, client))
            while idle[0][0] < now - KEEPALIVE_S:
                await idle.popleft()[1].aclose()

    async def close(self) -> None:
        """Close what is idle; nothing is under way any more."""
        for idle in self._idle.values():
            while idle:
                await idle.popleft()[1].aclose()

    def _new(self) -> httpx.AsyncClient:
        if self._certificates is None:
            # Read once: that takes longer than all the rest.
            self._certificates = httpx.create_ssl_context()
        return httpx.AsyncClient(
            verify=self._certificates,
            limits=httpx.Limits(max_connections=None, keepalive_expiry=KEEPALIVE_S),
            timeout=httpx.Timeout(None, connect=CONNECT_TIMEOUT_S),
            headers={"user-agent": "haulage"},
        )
