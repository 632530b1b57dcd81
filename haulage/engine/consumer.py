"""Celery's consumer without what we don't use, and quick to come back.

Stock Celery declares 28 queues for messages with a time of their own as soon as one queue is a
quorum queue; ours ring when they are due. And it tries a broker that is away again after 2, 4, 6 …
30 seconds, so that a failover of two seconds would cost a worker six.
"""

import time
from typing import Any

from celery.utils.log import get_logger
from celery.worker import consumer
from celery.worker.state import maybe_shutdown

log = get_logger(__name__)

FIRST_TRY_AFTER_S = 0.25
LAST_TRY_AFTER_S = 3.0
EVENTS_EVERY_S = 0.1


class Consumer(consumer.Consumer):
    """Named by `worker_consumer`."""

    class Blueprint(consumer.Consumer.Blueprint):
        """The steps of a worker's connection."""

        default_steps = tuple(
            step
            for step in consumer.Consumer.Blueprint.default_steps
            if not step.endswith(":DelayedDelivery")
        )

    def cancel_active_requests(self) -> None:
        """Nothing: in a cold shutdown Celery would revoke what runs, and a revoked job ends as
        cancelled. Nobody cancelled it; the pool gives it back when it is terminated next."""

    def on_send_event_buffered(self) -> None:
        """Of a worker's events those of a moment go together. Stock Celery sends them in each turn
        of its loop, over a client that it makes for it."""
        now = time.monotonic()
        if self.hub and now >= self._flushes_at:
            # By the clock, not by a flag: a timer that a lost connection took along is made again.
            self._flushes_at = now + EVENTS_EVERY_S
            self.hub.call_later(EVENTS_EVERY_S, self._flush_events)

    _flushes_at = 0.0

    def ensure_connected(self, conn: Any) -> Any:
        """The connection, once the broker lets us in; a warm shutdown ends the waiting."""

        def refused(error: Exception, after_s: float) -> None:
            log.error("No broker at %s (%s); next try in %.2f s", conn.as_uri(), error, after_s)

        conn = conn.ensure_connection(
            refused,
            self.app.conf.broker_connection_max_retries,
            interval_start=FIRST_TRY_AFTER_S,
            interval_step=FIRST_TRY_AFTER_S,
            interval_max=LAST_TRY_AFTER_S,
            callback=maybe_shutdown,
        )
        self.first_connection_attempt = False
        return conn
