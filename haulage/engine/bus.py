"""Redis as the traffic light between processes: who has news, which worker should look for orders.

Nothing here carries data that matters: the messages are ids, PostgreSQL has the rest, and every
reader also looks by itself once in a while. So a Redis that is away costs latency, never a fact.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from uuid import UUID

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from haulage.brokers import redis_clients
from haulage.telemetry import logs

log = logs.get(__name__)

REST_AFTER_FAILURE_S = 1.0
IDS_PER_MESSAGE = 1_000
ID_BYTES = 16


def connect(url: str) -> "redis.Redis":
    """An impatient client: what it cannot say at once is not worth saying."""
    return redis_clients.connect(
        url,
        socket_timeout=5,
        socket_connect_timeout=1,
        health_check_interval=25,
        # Once more at once, for a connection that died in its sleep. redis-py's own default rests
        # for seconds in between, and a heartbeat comes after each wait for orders.
        retry=Retry(NoBackoff(), 1),
    )


class Bus:
    """Publishes wake-ups from one event loop; both bells of the engine."""

    def __init__(self, client: "redis.Redis", *, prefix: str) -> None:
        self._client = client
        self.events_channel = f"{prefix}events"
        self.orders_channel = f"{prefix}orders"
        self._fresh: dict[UUID, None] = {}
        self._sending: asyncio.Task[None] | None = None
        self._orders: set[asyncio.Task[None]] = set()
        self._silent_until = 0.0

    def rang(self, job_ids: Iterable[UUID]) -> None:
        """Tell stream readers that these jobs have new events. While one message is under way the
        next ids gather."""
        if time.monotonic() < self._silent_until:
            return
        self._fresh.update(dict.fromkeys(job_ids))
        if self._fresh and self._sending is None:
            self._sending = asyncio.get_running_loop().create_task(self._send(), name="bus")

    def wake(self, worker_ids: Sequence[UUID]) -> None:
        """Tell workers to look for orders now."""
        if worker_ids:
            packed = b"".join(worker_id.bytes for worker_id in set(worker_ids))
            task = asyncio.get_running_loop().create_task(
                self._publish(self.orders_channel, packed)
            )
            self._orders.add(task)
            task.add_done_callback(self._orders.discard)

    async def close(self) -> None:
        """Send what waits and disconnect."""
        for task in (self._sending, *self._orders):
            if task is not None:
                await asyncio.wait({task}, timeout=1)
        await self._client.aclose()

    async def _send(self) -> None:
        try:
            while self._fresh:
                ids = list(self._fresh)[:IDS_PER_MESSAGE]
                for job_id in ids:
                    del self._fresh[job_id]
                await self._publish(self.events_channel, b"".join(one.bytes for one in ids))
        finally:
            self._sending = None

    async def _publish(self, channel: str, message: bytes) -> None:
        try:
            await self._client.publish(channel, message)
        except (RedisError, OSError) as error:
            self._silent_until = time.monotonic() + REST_AFTER_FAILURE_S
            self._fresh.clear()
            log.warning("bus.refused", error=type(error).__name__)


class Listener:
    """Hears one channel; a Redis that is away is the same as silence.

    Promise: whatever is said on the channel is either heard or followed by a `None`.
    """

    def __init__(self, client: "redis.Redis", channel: str) -> None:
        self._client = client
        self._channel = channel
        self._pubsub: redis.client.PubSub | None = None

    async def hear(self, timeout_s: float) -> set[UUID] | None:
        """The ids of the next message; empty after `timeout_s` seconds of silence; None when the
        channel has just been tuned in, first or again: what was said before went unheard."""
        deadline = time.monotonic() + timeout_s
        try:
            if self._pubsub is None:
                self._pubsub = await self._subscribed(timeout_s)
            while (left_s := deadline - time.monotonic()) > 0:
                message = await self._pubsub.get_message(timeout=left_s)
                if message is not None:
                    # redis-py subscribes by itself after a lost connection; the answer tells.
                    return None if message["type"] == "subscribe" else unpack(message["data"])
        except (RedisError, OSError):
            await self.close()
            await asyncio.sleep(max(deadline - time.monotonic(), 0.05))
        return set()

    async def _subscribed(self, within_s: float) -> "redis.client.PubSub":
        pubsub = self._client.pubsub()
        try:
            async with asyncio.timeout(within_s):
                await pubsub.subscribe(self._channel)
        except BaseException:
            await pubsub.aclose()
            raise
        return pubsub

    async def close(self) -> None:
        """Stop listening; `hear` starts again."""
        pubsub, self._pubsub = self._pubsub, None
        if pubsub is not None:
            try:
                await pubsub.aclose()
            except (RedisError, OSError):
                return


class Orders:
    """Waits until this worker is woken to look for orders."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    async def wait(self, worker_id: UUID, timeout_s: float) -> None:
        """Return when woken, when a wake-up may have gone unheard, or after `timeout_s` seconds."""
        deadline = time.monotonic() + timeout_s
        while (left_s := deadline - time.monotonic()) > 0:
            heard = await self._listener.hear(left_s)
            if heard is None or worker_id in heard:
                return

    async def close(self) -> None:
        """Stop listening."""
        await self._listener.close()


def unpack(packed: object) -> set[UUID]:
    """The ids in a message; nonsense is silence."""
    if not isinstance(packed, bytes) or len(packed) % ID_BYTES:
        return set()
    return {
        UUID(bytes=packed[start : start + ID_BYTES]) for start in range(0, len(packed), ID_BYTES)
    }
