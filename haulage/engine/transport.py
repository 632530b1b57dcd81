"""Celery's Redis transports, made to survive the death of Redis while messages are unacked.

Stock kombu stops the worker for good then: at shutdown of the dead channel it tries to restore its
unacked messages, and an in-flight job's ack on the dead channel raises. Neither matters here. A
lost message is rung again by the dispatcher, so a channel that is gone forgets its deliveries in
silence. One transport is for a Redis, one for the Redis that Sentinels name.
"""

from collections.abc import Sequence
from typing import Any

import redis
import redis.sentinel
from kombu.transport import redis as kombu_redis


class ForgivingQoS(kombu_redis.QoS):
    """Acks on a channel that is gone do nothing."""

    restore_at_shutdown = False

    def ack(self, delivery_tag: Any) -> None:
        if not self._gone(delivery_tag):
            super().ack(delivery_tag)

    def reject(self, delivery_tag: Any, requeue: bool = False) -> None:
        if not self._gone(delivery_tag):
            super().reject(delivery_tag, requeue=requeue)

    def _gone(self, delivery_tag: Any) -> bool:
        if self.channel.connection is not None:
            return False
        self._delivered.pop(delivery_tag, None)
        return True


class ForgivingChannel(kombu_redis.Channel):
    """A Redis channel with forgiving acknowledgements."""

    QoS = ForgivingQoS


class Transport(kombu_redis.Transport):
    """Named by `broker_transport`, so that nothing of kombu's is patched."""

    Channel = ForgivingChannel


class ForgivingSentinelChannel(kombu_redis.SentinelChannel):
    """A channel to the master that the Sentinels name, asked for again with each connection.

    Where they are comes in the transport options, not as further broker URLs: kombu would go round
    those after a fault, each time with its own transport in place of ours.
    """

    QoS = ForgivingQoS
    from_transport_options: Any = (
        *kombu_redis.SentinelChannel.from_transport_options,
        "sentinels",
    )
    # Set from the transport options of these names.
    sentinels: Sequence[tuple[str, int]]
    sentinel_kwargs: dict[str, Any]
    master_name: str

    def _sentinel_managed_pool(self, asynchronous: bool = False) -> Any:
        options = self._connparams(asynchronous)
        for name in ("host", "port"):
            options.pop(name, None)
        watchers = redis.sentinel.Sentinel(
            self.sentinels, sentinel_kwargs=self.sentinel_kwargs, **options
        )
        # The base class closes them with the channel.
        if asynchronous:
            self._async_sentinel_manager = watchers
        else:
            self._sentinel_manager = watchers
        return watchers.master_for(self.master_name, redis.Redis).connection_pool


class SentinelTransport(kombu_redis.SentinelTransport):
    """Named by `broker_transport` where the broker is behind Sentinel."""

    Channel = ForgivingSentinelChannel


NAME = f"{__name__}:Transport"
SENTINEL_NAME = f"{__name__}:SentinelTransport"
