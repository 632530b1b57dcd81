"""Everything of limits that other rooms use, built once for each event loop."""

from dataclasses import dataclass

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from haulage.brokers import redis_clients
from haulage.limits.book import PoolBook
from haulage.limits.breaker import Breakers
from haulage.limits.limiter import Limiter
from haulage.limits.ports import PoolStore
from haulage.limits.traffic import LimitedTraffic


def connect(url: str) -> "redis.Redis":
    """A client that says soon when Redis is away. A connection that died in its sleep is replaced
    at once: every operation may be said twice."""
    return redis_clients.connect(
        url, socket_timeout=5, socket_connect_timeout=1, retry=Retry(NoBackoff(), 1)
    )


@dataclass(frozen=True, slots=True)
class Limits:
    """`traffic` is what the gateway sees; the rest is for operators."""

    book: PoolBook
    store: PoolStore
    limiter: Limiter
    breakers: Breakers
    traffic: LimitedTraffic
