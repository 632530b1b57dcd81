# Made by tools/blocking_client.py from haulage/client/awaiting/transport.py: change that one.

"""Sends calls over httpx. Imported when a client is made: httpx is a heavy import."""

from collections.abc import Iterator
from contextlib import contextmanager
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


class BlockingTransport:
    """Sends calls in the calling thread."""

    def __init__(self, address: Address, api_key: str | None, timeout_s: float) -> None:
        self._http = httpx.Client(**options(address, api_key, timeout_s))
        # Whether the API is known to be there.
        self.answered = False

    def send(self, call: Call[T]) -> T:
        """Raises `Broken` or `ApiError`."""
        with broken(), multipart(call) as files:
            response = self._http.request(
                **request_of(call), files=files, timeout=patience(self._http, call)
            )
        given = answer(call, response)
        self.answered = True
        return given

    @contextmanager
    def open(self, call: Call[Any], *, silence_s: float | None = None) -> Iterator[Iterator[bytes]]:
        """A stream of chunks; raises `Broken` (also between chunks) or `ApiError`."""
        limits = patience(self._http, call, silence_s=silence_s)
        with broken(), self._http.stream(**request_of(call), timeout=limits) as reply:
            if not is_stream(call, reply):
                reply.read()
                raise refusal(reply)
            self.answered = True
            yield reply.iter_bytes()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()
