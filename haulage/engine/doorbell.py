"""Rings: publishes job ids as Celery messages from one thread of its own.

Promise: `ring` never blocks and never raises. What the broker refuses is dropped and counted; the
jobs are in PostgreSQL, and the dispatcher rings again. Ids for one io lane that wait together go in
one message; cpu messages always carry one id. A single job's message has the job's id as task id.
"""

import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from celery import Celery
from kombu.exceptions import BatchPublishError, OperationalError

from haulage.brokers.address import AMQP, Address
from haulage.domain.ids import uuid7
from haulage.domain.job_type import IO
from haulage.domain.ports import Bell
from haulage.engine.celery_app import (
    ALONE_SUFFIX,
    TASK,
    TRACEPARENT,
    broker_of,
    lanes,
    wire_priority,
)
from haulage.telemetry import logs, tracing
from haulage.telemetry.metrics import DOORBELL_FAILURES, DOORBELLS

log = logs.get(__name__)

# Of the ids that wait together each message carries a quarter, within these bounds: what Celery
# does for a message costs as much as what the worker does for thirty jobs.
IDS_PER_MESSAGE = 100
MOST_PER_MESSAGE = 250
BELLS_AT_ONCE = 5_000
# More than this many unsent rings are not worth keeping: the dispatcher finds the jobs anyway.
BACKLOG = 50_000
REST_AFTER_FAILURE_S = 0.5
# A broker that refuses or hangs must cost a ring no more than about a second (producers only).
IMPATIENT = {
    "socket_timeout": 0.5,
    "socket_connect_timeout": 0.5,
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.2,
}
# RabbitMQ says of each message that it is written down; not while it is out of memory or disk.
CONFIRM_WITHIN_S = 2.0


class CeleryDoorbell:
    """The doorbell of a process that submits or dispatches. Start it, and close it at the end."""

    def __init__(self, app: Celery, *, queue_pools: dict[str, str]) -> None:
        self._app = app
        self._broker: Address = broker_of(app)
        self._queue_pools = queue_pools
        self._waiting: deque[Bell] = deque()
        self._wake = threading.Event()
        self._closing = False
        self._put_back = False
        self._thread = threading.Thread(target=self._work, name="doorbell", daemon=True)

    def start(self) -> None:
        """Begin to publish."""
        self._thread.start()

    def ring(self, bells: Iterable[Bell]) -> None:
        # All at once: the publisher must not find them one by one and send one message each.
        # And not for nothing: each time it wakes it takes the interpreter from whoever submits.
        fresh = list(bells)
        if fresh and len(self._waiting) < BACKLOG:
            self._waiting.extend(fresh)
            self._wake.set()

    def close(self, *, within_s: float = 2.0) -> None:
        """Send what waits, then stop."""
        self._closing = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(within_s)

    def _work(self) -> None:
        options = {**self._app.conf.broker_transport_options, **IMPATIENT}
        while True:
            connection = self._app.connection_for_write(transport_options=options)
            self._connection_errors = (*connection.connection_errors, *connection.channel_errors)
            try:
                with connection, self._app.amqp.Producer(connection) as producer:
                    while self._serve(producer):
                        pass
                    return
            except Exception as error:
                # Also faults of the client library: a doorbell that dies silences the process.
                self._rest(error)
                if self._closing:
                    return

    def _serve(self, producer: Any) -> bool:
        self._wake.wait(None if not self._waiting else 0)
        self._wake.clear()
        while self._waiting:
            count = min(len(self._waiting), BELLS_AT_ONCE)
            taken = [self._waiting.popleft() for _ in range(count)]
            try:
                with producer.batch(max_size=200):
                    for message in self._messages(taken):
                        self._publish(producer, *message)
            except (BatchPublishError, OperationalError, *self._connection_errors):
                self._keep_once(taken)
                raise
            self._put_back = False
            for bell in taken:
                DOORBELLS.labels(queue=bell.queue).inc()
        return not self._closing

    def _keep_once(self, taken: list[Bell]) -> None:
        """The connection may have died in its sleep: over a new one they go once more."""
        self._put_back = not self._put_back
        if self._put_back:
            self._waiting.extendleft(reversed(taken))
            return
        for bell in taken:
            DOORBELL_FAILURES.labels(queue=bell.queue).inc()

    def _publish(self, producer: Any, lane: str, priority: int, bells: Sequence[Bell]) -> None:
        if not tracing.is_on():
            self._send(producer, lane, priority, bells, {})
            return
        above = [one for bell in bells if (one := bell.traceparent) is not None]
        told: tracing.Attributes = {
            "messaging.system": "celery",
            "messaging.operation.name": "send",
            "messaging.destination.name": lane,
            "messaging.batch.message_count": len(bells),
        }
        parent = above[0] if above else None
        with tracing.span(f"ring {lane}", told, kind="producer", parent=parent, links=above[1:]):
            self._send(producer, lane, priority, bells, {TRACEPARENT: tracing.current()})

    def _send(
        self,
        producer: Any,
        lane: str,
        priority: int,
        bells: Sequence[Bell],
        headers: dict[str, Any],
    ) -> None:
        ids, rings = [str(bell.job_id) for bell in bells], bells[0].rings
        # Celery remembers revoked ids, so each further doorbell of a job has an id of its own.
        task_id = (ids[0] if rings <= 1 else f"{ids[0]}.{rings}") if len(ids) == 1 else str(uuid7())
        self._app.send_task(
            TASK,
            args=(ids,),
            task_id=task_id,
            queue=lane,
            headers=headers,
            priority=wire_priority(priority, self._broker),
            producer=producer,
            argsrepr=ids[0] if len(ids) == 1 else f"{len(ids)} jobs",
            kwargsrepr="",
            retry=False,
            ignore_result=True,
            **({"confirm_timeout": CONFIRM_WITHIN_S} if self._broker.kind == AMQP else {}),
        )

    def _messages(self, bells: list[Bell]) -> Iterator[tuple[str, int, Sequence[Bell]]]:
        shared: dict[tuple[str, int], list[Bell]] = {}
        for bell in bells:
            lane = lanes(bell.queue)[1 if bell.retry else 0]
            if self._queue_pools.get(bell.queue) != IO:
                yield lane, int(bell.priority), [bell]
            elif bell.alone:
                lane = bell.queue + ALONE_SUFFIX
                yield lane, int(bell.priority), [bell]
            else:
                shared.setdefault((lane, int(bell.priority)), []).append(bell)
        for (lane, priority), group in shared.items():
            size = min(max(IDS_PER_MESSAGE, len(group) // 4), MOST_PER_MESSAGE)
            for start in range(0, len(group), size):
                yield lane, priority, group[start : start + size]

    def _rest(self, error: Exception) -> None:
        log.warning("doorbell.refused", error=type(error).__name__, waiting=len(self._waiting))
        if not self._put_back:
            time.sleep(REST_AFTER_FAILURE_S)
