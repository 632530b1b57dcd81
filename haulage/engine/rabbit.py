"""What only RabbitMQ is asked: does it let us in, and does anything lie in a queue.

Blocking, with a deadline on every answer: a broker that hangs is one that does not answer.
"""

import asyncio
import contextlib
from typing import Any

from celery import Celery
from kombu.connection import Connection

from haulage.domain.errors import Unavailable
from haulage.engine.celery_app import lanes

ANSWER_WITHIN_S = 3.0
HINT = "Check HAULAGE_BROKER_URL and that RabbitMQ runs there, with that virtual host and user."


class RabbitQueueLengths:
    """Messages that lie in RabbitMQ for a queue, over its lanes. Those that workers hold are not
    among them: they come back by themselves when a worker dies."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._connection: Connection | None = None
        self._errors: tuple[type[BaseException], ...] = (OSError,)

    async def __call__(self, queue: str) -> int | None:
        """The number, or None when RabbitMQ does not answer. One question at a time."""
        return await asyncio.to_thread(self._count, queue)

    async def close(self) -> None:
        """Disconnect."""
        await asyncio.to_thread(self._hang_up)

    def _count(self, queue: str) -> int | None:
        try:
            if self._connection is None:
                self._connection = open_connection(self._app)
                self._errors = faults_of(self._connection)
            return sum(self._lying_in(lane) for lane in lanes(queue))
        except self._errors:
            self._hang_up()
            return None

    def _lying_in(self, lane: str) -> int:
        assert self._connection is not None
        channel: Any = self._connection.channel()
        try:
            return int(channel.queue_declare(lane, passive=True).message_count)
        except self._connection.channel_errors as error:
            if getattr(error, "reply_code", None) == 404:
                # Nobody has declared it yet, so nothing can lie in it.
                return 0
            raise
        finally:
            with contextlib.suppress(*self._errors):
                channel.close()

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(*self._errors):
                connection.close()


def open_connection(app: Celery) -> Connection:
    """A connection on which every answer has a deadline; raises what `faults_of` names."""
    connection: Connection = app.connection_for_write(connect_timeout=ANSWER_WITHIN_S)
    made: Any = connection.connect()
    made.transport.sock.settimeout(ANSWER_WITHIN_S)
    return connection


def faults_of(connection: Connection) -> tuple[type[BaseException], ...]:
    """Everything that means: it does not answer, or does not let us in."""
    return (*connection.connection_errors, *connection.channel_errors, OSError)


def require_rabbit(app: Celery) -> str:
    """RabbitMQ's version; raises `Unavailable` when it does not let us in."""
    faults = faults_of(app.connection_for_write())
    try:
        with open_connection(app) as connection:
            made: Any = connection.connection
            return str(made.server_properties.get("version", "unknown"))
    except faults as error:
        raise Unavailable(
            f"RabbitMQ does not let us in: {str(error) or type(error).__name__}", hint=HINT
        ) from error
