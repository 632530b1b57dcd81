# Made by tools/blocking_client.py from haulage/client/awaiting/caller.py: change that one.

"""How every method talks to the API: tries again, follows streams, goes over pages."""

import os
import time
from collections.abc import Callable, Iterator
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


class Caller:
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
        from haulage.client.blocking.transport import BlockingTransport

        self.address: Address = find_address(url)
        self._patience_s = patience_s
        key = api_key or os.environ.get("HAULAGE_API_KEY") or self.address.key
        self._transport = BlockingTransport(self.address, key, timeout_s)

    def close(self) -> None:
        """Give the connections back."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _send(self, call: Call[T]) -> T:
        attempts = Attempts(
            call,
            self.address,
            patience_s=self._patience_s,
            known=self._transport.answered,
        )
        while True:
            try:
                return self._transport.send(call)
            except (Broken, ApiError) as failure:
                time.sleep(attempts.pause_after(failure))

    def _pages(self, page_at: Callable[[str | None], Call[Page[T]]]) -> Iterator[T]:
        cursor: str | None = None
        while True:
            page = self._send(page_at(cursor))
            yield from page.data
            cursor = page.next
            if not cursor:
                return

    def _follow(
        self, job_id: UUID | str, *, after: int = 0, deadline: Deadline | None = None
    ) -> Iterator[Event]:
        following = Following(
            job_id,
            self.address,
            after=after,
            deadline=deadline,
            known=self._transport.answered,
        )
        while not following.over:
            try:
                with self._transport.open(
                    following.call(), silence_s=following.silence_s()
                ) as chunks:
                    following.connected()
                    for chunk in chunks:
                        yield from following.take(chunk)
            except (Broken, ApiError) as failure:
                time.sleep(following.pause_after(failure))
            else:
                if not following.is_complete():
                    job: JobView = self._send(calls.get(job_id))
                    time.sleep(following.pause_after_end(job))


def new_key() -> str:
    """An idempotency key that nobody else has."""
    return str(uuid4())
