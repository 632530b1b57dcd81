"""A canary flies from each worker through the broker and its own consumer back into its pool.

A consumer that has fallen silent while broker and process look healthy would leave its queues
unserved for ever. So each worker consumes one more queue, its own, and sends itself a message at an
interval. Only a worker that could have heard it is judged: the broker took every canary for
`silence_s`, there was room in the pool all the time, and still none came back.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID

from celery import Celery
from kombu.entity import Queue
from kombu.exceptions import KombuError

from haulage.telemetry import logs

log = logs.get(__name__)

CANARY = "haulage.canary"
# A broker that hangs must not hold the sender for long.
IMPATIENT = {"socket_timeout": 2.0, "socket_connect_timeout": 2.0, "max_retries": 1}
# Nobody gets this queue's messages once its worker is gone (RabbitMQ; an empty Redis list is none).
FORGOTTEN_AFTER_S = 120


def nest_of(worker_id: UUID) -> Queue:
    """The queue of one worker's canaries; it goes when the worker goes."""
    name = f"{CANARY}.{worker_id}"
    return Queue(
        name,
        routing_key=name,
        durable=False,
        auto_delete=True,
        queue_arguments={"x-queue-type": "classic", "x-expires": FORGOTTEN_AFTER_S * 1000},
    )


class Canary:
    """`send` publishes one, blocking for seconds at most, and raises if the broker refuses."""

    def __init__(
        self,
        send: Callable[[], None],
        *,
        every_s: float,
        silence_s: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._send = send
        self._every_s = every_s
        self._silence_s = silence_s
        self._monotonic = monotonic
        self._flying: asyncio.Task[None] | None = None
        self._send_at = self._looked_at = 0.0
        # None: nothing was sent since the last time that silence would have meant nothing.
        self._listening_since: float | None = None

    def arrived(self) -> None:
        """One came back. From any thread."""
        self._listening_since = None

    async def look(self, *, room: bool) -> bool:
        """Send one when it is time; True when the consumer must have fallen silent.

        `room`: whether the pool would have taken a message from the broker now.
        """
        now = self._monotonic()
        slept = now - self._looked_at > self._silence_s / 3
        self._looked_at = now
        # A process that was frozen, or had no PostgreSQL, has not listened.
        if slept or not room:
            self._listening_since = None
            return False
        if now >= self._send_at and (self._flying is None or self._flying.done()):
            self._send_at = now + self._every_s
            self._flying = asyncio.create_task(self._fly())
        since = self._listening_since
        return since is not None and now - since >= self._silence_s

    async def _fly(self) -> None:
        # Before it is sent: it may be back before the sender hears that it was taken.
        before, sent_at = self._listening_since, self._monotonic()
        self._listening_since = before or sent_at
        try:
            await asyncio.to_thread(self._send)
        except (KombuError, OSError, TimeoutError) as error:
            log.info("canary.not_sent", error=type(error).__name__)
            self._listening_since = None


def sender(app: Celery, nest: Queue) -> Callable[[], None]:
    """What publishes a canary into `nest`, over a connection of its own each time."""

    def send() -> None:
        options: dict[str, Any] = {**app.conf.broker_transport_options, **IMPATIENT}
        with app.connection_for_write(transport_options=options) as connection:
            app.send_task(
                CANARY, queue=nest.name, connection=connection, retry=False, ignore_result=True
            )

    return send
