"""Hears the turns that were given in other processes' calls.

A Redis that is away is the same as silence; once it is heard again, `missed` says that turns may
have gone by unheard.
"""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import redis.asyncio as redis
from redis.exceptions import RedisError

REST_S = 0.5
LOOK_EVERY_S = 20.0


class Ear:
    """Listens on one channel from `open` to `close`."""

    def __init__(
        self,
        client: "redis.Redis",
        channel: str,
        *,
        heard: Callable[[str, list[Any]], None],
        missed: Callable[[], None],
    ) -> None:
        self._client = client
        self._channel = channel
        self._heard = heard
        self._missed = missed
        self._listening: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Listening when this returns, unless Redis is away."""
        tuned = asyncio.Event()
        self._listening = asyncio.get_running_loop().create_task(self._listen(tuned))
        with suppress(TimeoutError):
            await asyncio.wait_for(tuned.wait(), REST_S)

    async def close(self) -> None:
        """Stop."""
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening

    async def _listen(self, tuned: asyncio.Event) -> None:
        while True:
            pubsub = self._client.pubsub()
            try:
                await pubsub.subscribe(self._channel)
                while True:
                    message = await pubsub.get_message(timeout=LOOK_EVERY_S)
                    if message is None:
                        continue
                    # redis-py subscribes again by itself after a lost connection; this tells.
                    if message["type"] == "subscribe":
                        if tuned.is_set():
                            self._missed()
                        tuned.set()
                    elif message["type"] == "message":
                        key, calls = json.loads(message["data"])
                        self._heard(key, calls)
            except (RedisError, OSError):
                await asyncio.sleep(REST_S)
            finally:
                with suppress(RedisError, OSError):
                    await pubsub.aclose()  # type: ignore[no-untyped-call]
