"""Celery's Redis transport, made to survive the death of Redis while messages are unacked.

Stock kombu stops the worker for good then: at shutdown of the dead channel it tries to restore its
unacked messages, and an in-flight job's ack on the dead channel raises. Neither matters here. A
lost message is rung again by the dispatcher, so a channel that is gone forgets its deliveries in
silence.
"""

from typing import Any

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


NAME = f"{__name__}:Transport"
