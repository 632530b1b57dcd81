"""How every method talks to the API: tries again, follows streams, goes over pages."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Self, TypeVar
from uuid import UUID, uuid4

from haulage.client import calls
from haulage.client.address import Address, find_address
from haulage.client.calls import Call
from haulage.client.errors import ApiError
from haulage.client.following import PATIENCE_S, Attempts, Broken, Deadline, Following
from haulage.client.models import Event, JobView, Page

T = TypeVar("T")


class AsyncCaller:
    """A connection to one installation, kept open between calls."""

    def __init__(
        self,
        url: str | None = None,
        *,
        api_key: str | None = None,
        timeout_s: float = 30.0,
        patience_s: float = PATIENCE_S,
    ) -> None:
        # httpx is a heavy import: whoever only names this class should not pay for it.
        from haulage.client.awaiting.transport import AwaitingTransport

        self.address: Address = find_address(url)
        self._patience_s = patience_s
        key = api_key or os.environ.get("HAULAGE_API_KEY") or self.address.key
        self._transport = AwaitingTransport(self.address, key, timeout_s)

    async def close(self) -> None:
        """Give the connections back."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _send(self, call: Call[T]) -> T:
        attempts = Attempts(
            call,
            self.address,
            patience_s=self._patience_s,
            known=self._transport.answered,
        )
        while True:
            try:
                return await self._transport.send(call)
            except (Broken, ApiError) as failure:
                await asyncio.sleep(attempts.pause_after(failure))

    async def _pages(self, page_at: Callable[[str | None], Call[Page[T]]]) -> AsyncIterator[T]:
        cursor: str | None = None
        while True:
            page = await self._send(page_at(cursor))
            for one in page.data:
                yield one
            cursor = page.next
            if not cursor:
                return

    async def _follow(
        self, job_id: UUID | str, *, after: int = 0, deadline: Deadline | None = None
    ) -> AsyncIterator[Event]:
        following = Following(
            job_id,
            self.address,
            after=after,
            deadline=deadline,
            known=self._transport.answered,
        )
        while not following.over:
            try:
                async with self._transport.open(
                    following.call(), silence_s=following.silence_s()
                ) as chunks:
                    following.connected()
                    async for chunk in chunks:
                        for event in following.take(chunk):
                            yield event
            except (Broken, ApiError) as failure:
                await asyncio.sleep(following.pause_after(failure))
            else:
                if not following.is_complete():
                    job: JobView = await self._send(calls.get(job_id))
                    await asyncio.sleep(following.pause_after_end(job))


def new_key() -> str:
    """An idempotency key that nobody else has."""
    return str(uuid4())
