"""Sends calls over httpx. Imported when a client is made: httpx is a heavy import."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx

from haulage.client.address import Address
from haulage.client.calls import Call
from haulage.client.http import (
    answer,
    broken,
    is_stream,
    multipart,
    options,
    patience,
    refusal,
    request_of,
)

T = TypeVar("T")


class AwaitingTransport:
    """Sends calls on the running asyncio loop."""

    def __init__(self, address: Address, api_key: str | None, timeout_s: float) -> None:
        self._http = httpx.AsyncClient(**options(address, api_key, timeout_s))
        # Whether the API is known to be there.
        self.answered = False

    async def send(self, call: Call[T]) -> T:
        """Raises `Broken` or `ApiError`."""
        with broken(), multipart(call) as files:
            response = await self._http.request(
                **request_of(call), files=files, timeout=patience(self._http, call)
            )
        given = answer(call, response)
        self.answered = True
        return given

    @asynccontextmanager
    async def open(
        self, call: Call[Any], *, silence_s: float | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """A stream of chunks; raises `Broken` (also between chunks) or `ApiError`."""
        limits = patience(self._http, call, silence_s=silence_s)
        with broken():
            async with self._http.stream(**request_of(call), timeout=limits) as reply:
                if not is_stream(call, reply):
                    await reply.aread()
                    raise refusal(reply)
                self.answered = True
                yield reply.aiter_bytes()

    async def close(self) -> None:
        """Give the connections back."""
        await self._http.aclose()
