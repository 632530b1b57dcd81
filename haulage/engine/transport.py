"""Celery's transports, made to survive the death of the broker while messages are unacked.

On Redis, stock kombu stops the worker for good then: at shutdown of the dead channel it tries to
restore its unacked messages, and an in-flight job's ack on the dead channel raises. Neither matters
here. A lost message is rung again by the dispatcher, so a channel that is gone forgets its
deliveries in silence. One transport is for a Redis, one for the Redis that Sentinels name, one for
RabbitMQ.
"""

from collections.abc import Sequence
from typing import Any

import redis
import redis.sentinel
from kombu.transport import pyamqp
from kombu.transport import redis as kombu_redis

from haulage.telemetry import logs

log = logs.get(__name__)


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


class _Unimpressed:
    """What is no message at all is dropped; stock kombu ends the worker."""

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[misc]
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            log.warning("doorbell.no_message", error=type(error).__name__)
            return True


class ForgivingChannel(_Unimpressed, kombu_redis.Channel):
    """A Redis channel with forgiving acknowledgements."""

    QoS = ForgivingQoS


class Transport(kombu_redis.Transport):
    """Named by `broker_transport`, so that nothing of kombu's is patched."""

    Channel = ForgivingChannel


class ForgivingSentinelChannel(_Unimpressed, kombu_redis.SentinelChannel):
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


class ForgivingRabbitChannel(pyamqp.Channel):
    """A RabbitMQ channel that forgets its deliveries once it is gone: RabbitMQ delivers them again.
    Without it each job in flight ends with a critical error and a traceback in the log."""

    def basic_ack(self, delivery_tag: Any, multiple: bool = False, **more: Any) -> None:
        if self.connection is not None:
            super().basic_ack(delivery_tag, multiple=multiple, **more)

    def basic_reject(self, delivery_tag: Any, requeue: bool, **more: Any) -> None:
        if self.connection is not None:
            super().basic_reject(delivery_tag, requeue, **more)


class RabbitConnection(pyamqp.Connection):
    """Makes channels that forgive."""

    Channel = ForgivingRabbitChannel


class RabbitTransport(pyamqp.Transport):
    """Named by `broker_transport` on RabbitMQ."""

    Connection = RabbitConnection


NAME = f"{__name__}:Transport"
RABBIT_NAME = f"{__name__}:RabbitTransport"
SENTINEL_NAME = f"{__name__}:SentinelTransport"
