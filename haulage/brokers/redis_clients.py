"""Clients of the Redis that a URL names: alone, over TLS, or the master that Sentinels know.

A client on Sentinel asks them again whenever it has to connect, so it follows a failover by itself:
what it was doing fails with a `ConnectionError`, what it does next reaches the new master.
"""

from typing import Any

import redis
import redis.asyncio
import redis.asyncio.sentinel
import redis.sentinel
from redis.exceptions import NoScriptError

from haulage.brokers.address import SENTINEL, read
from haulage.telemetry import tracing


def connect(url: str, **options: Any) -> "redis.asyncio.Redis":
    """A client for the running event loop; `options` are redis-py's. Raises `SettingsFault`."""
    address = read(url)
    options = {**address.redis_options(), **options}
    if address.kind != SENTINEL:
        host, port = address.hosts[0]
        made = _Traced if tracing.is_on() else redis.asyncio.Redis
        return made(host=host, port=port, **options)
    make: Any = redis.asyncio.sentinel.Sentinel
    sentinels = make(
        address.hosts,
        sentinel_kwargs={**address.sentinel_options(), **_patience(options)},
        **options,
    )
    assert address.service is not None
    led = _LedTraced if tracing.is_on() else _Led
    client: redis.asyncio.Redis = sentinels.master_for(address.service, redis_class=led)
    return client


def connect_blocking(url: str, **options: Any) -> "redis.Redis":
    """The same for a thread without a loop. Raises `SettingsFault`."""
    address = read(url)
    options = {**address.redis_options(), **options}
    if address.kind != SENTINEL:
        host, port = address.hosts[0]
        return redis.Redis(host=host, port=port, **options)
    make: Any = redis.sentinel.Sentinel
    sentinels = make(
        address.hosts,
        sentinel_kwargs={**address.sentinel_options(), **_patience(options)},
        **options,
    )
    assert address.service is not None
    client: redis.Redis = sentinels.master_for(address.service, redis_class=_LedBlocking)
    return client


class _Traced(redis.asyncio.Redis):
    """Shows its commands in the trace that they are a part of, by their names alone."""

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        name = str(args[0]).partition(" ")[0]
        told = {"db.system.name": "redis", "db.operation.name": name}
        with tracing.part(f"redis {name}", told, kind="client"):
            try:
                return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
            except NoScriptError as error:
                unknown = error
        # No failure: the first who runs a script is told so, and sends it.
        raise unknown


class _Led(redis.asyncio.Redis):
    """Closes its connections to the Sentinels too."""

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        await super().aclose(close_connection_pool)
        pool: Any = self.connection_pool
        for sentinel in pool.sentinel_manager.sentinels:
            await sentinel.aclose()


class _LedTraced(_Led, _Traced):  # type: ignore[misc]  # two bases of redis-py's own
    """Both."""


class _LedBlocking(redis.Redis):
    """Closes its connections to the Sentinels too."""

    def close(self) -> None:
        super().close()
        pool: Any = self.connection_pool
        for sentinel in pool.sentinel_manager.sentinels:
            sentinel.close()


def _patience(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name.startswith("socket_")}
