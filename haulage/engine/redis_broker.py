"""What the dispatcher asks of a Redis that carries the rings: how many lie there, and whether it
still has what it was given."""

from uuid import uuid4

from redis.asyncio import Redis
from redis.exceptions import RedisError

from haulage.engine.celery_app import redis_lists

# Longer than any leader's absence; what is found when it has gone is rung once more, no harm.
MARK_KEPT_S = 86_400


class RedisQueueLengths:
    """Messages lying in Redis for a queue, over its lanes and priorities."""

    def __init__(self, client: Redis, *, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    async def __call__(self, queue: str) -> int | None:
        """The number, or None when Redis does not answer."""
        try:
            async with self._client.pipeline(transaction=False) as pipeline:
                for name in redis_lists(self._prefix, queue):
                    pipeline.llen(name)
                return sum(int(length) for length in await pipeline.execute())
        except (RedisError, OSError):
            return None

    async def close(self) -> None:
        """Disconnect, the client's other users, too."""
        await self._client.aclose()


class RedisMemory:
    """A mark that is written anew each time it is read. A Redis that was emptied, or came back from
    a log that lacks its last second, or a replica that was behind, shows another one."""

    def __init__(self, client: Redis, *, prefix: str) -> None:
        self._client = client
        self._key = f"{prefix}dispatcher:mark"
        self._writer = uuid4().hex[:12]
        self._written = 0

    async def lapsed(self) -> bool:
        mark = f"{self._writer}:{self._written + 1}"
        try:
            found = await self._client.set(self._key, mark, ex=MARK_KEPT_S, get=True)
        except (RedisError, OSError):
            # It may have been written all the same; the next one is told from both.
            return False
        before, self._written = self._written, self._written + 1
        if found is None:
            return True
        text = found.decode() if isinstance(found, bytes) else str(found)
        # Somebody else's says nothing: they led until now.
        return text.startswith(f"{self._writer}:") and text not in (
            f"{self._writer}:{before}",
            mark,
        )
