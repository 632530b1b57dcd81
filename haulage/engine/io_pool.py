"""The io pool: a Celery pool whose tasks are coroutines on one event loop, thousands at once.

Celery hands a message in on its hub thread and gets its callbacks back on that thread, through a
socket pair that wakes the hub. (An ack from any other place would wait out the hub's poll.) What
runs is the business of `runner.py`; here is only the seam to Celery.
"""

import concurrent.futures
import os
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

from celery.concurrency.base import BasePool
from celery.worker import state
from kombu.exceptions import KombuError
from kombu.serialization import loads

from haulage.engine.canary import CANARY
from haulage.engine.celery_app import rung_by
from haulage.engine.executor import Executor
from haulage.engine.heartbeat import Pulse
from haulage.engine.holder import holder, name_tasks
from haulage.engine.host import host_of
from haulage.engine.loop_thread import LoopThread
from haulage.engine.runner import Delivery, Runner
from haulage.engine.services import Services
from haulage.storage.worker_store import StopOrder
from haulage.telemetry import logs

log = logs.get(__name__)

# The loop shows this often that it turns.
TURN_S = 0.1
# When the time for a warm shutdown is over: how long a loop may stand still, and how long a runner
# may take to give back what it holds.
DEAF_S = 2.0
CLOSE_WITHIN_S = 15.0
# A lease this old that the runner does not know came from a claim whose answer was lost.
UNKNOWN_LEASE_S = 10.0


class IoPool(BasePool):
    """One worker process, one event loop."""

    body_can_be_buffer = False
    signal_safe = False
    task_join_will_block = False

    limit: int

    def on_start(self) -> None:
        self._host = host_of(self.app)
        self._wake_hub, self._woken = socket.socketpair()
        for end in (self._wake_hub, self._woken):
            end.setblocking(False)
        self._callbacks: deque[tuple[Callable[..., Any], Any]] = deque()
        self._handles: set[Handle] = set()
        self._thread = LoopThread("handlers")
        name_tasks(self._thread.loop)
        self._opened = AsyncExitStack()
        self._closed = False
        self._turned_at = time.monotonic()
        self.runner = self._thread.call(self._open(), within_s=30)
        self._thread.loop.call_soon_threadsafe(self._turn)
        self._pulse = Pulse(self._host, self)
        self._pulse.start()

    async def _open(self) -> Runner:
        services: Services = await self._opened.enter_async_context(self._host.open_services(8))
        return Runner(
            services,
            Executor(services, stop_grace_s=self._host.settings.stop_grace_s),
            slots=self.limit,
            worker_id=lambda: self._host.incarnation.id,
        )

    def _turn(self) -> None:
        self._turned_at = time.monotonic()
        self._thread.loop.call_later(TURN_S, self._turn)

    # The pulse's view of this pool (heartbeat.Crew).

    def in_flight(self) -> int:
        return self.runner.in_flight

    def backlog(self) -> int:
        return self.runner.backlog

    def ended(self) -> dict[str, int]:
        return self.runner.ended()

    def still_s(self) -> float:
        return max(time.monotonic() - self._turned_at - TURN_S, 0.0)

    def holder(self) -> UUID | None:
        return holder(self._thread.loop)

    def room(self) -> bool:
        return len(state.reserved_requests) < self.limit

    def disown(self) -> None:
        self._tell(self.runner.stop_all, "lost")

    async def obey(self, order: StopOrder, _services: Services) -> None:
        if self.runner.holds(order.job_id, order.fence):
            self._tell(self.runner.stop_job, order.job_id, order.fence, order.cause)

    async def reconcile(self, services: Services) -> None:
        held = await services.workers.held(self._host.incarnation.id, for_s=UNKNOWN_LEASE_S)
        unknown = [
            (lease.job_id, lease.fence)
            for lease in held
            if not self.runner.holds(lease.job_id, lease.fence)
        ]
        if unknown:
            given_back = await services.dispatch.give_back(unknown)
            log.warning("worker.unknown_leases", jobs=given_back)

    def _tell(self, function: Callable[..., None], *args: Any) -> None:
        self._thread.loop.call_soon_threadsafe(function, *args)

    # Celery's view.

    def register_with_event_loop(self, hub: Any) -> None:
        # Called again after every reconnect.
        hub.add_reader(self._woken.fileno(), self._on_woken)

    def on_apply(
        self,
        _target: Any,
        args: tuple[Any, ...] = (),
        _kwargs: Any = None,
        callback: Any = None,
        accept_callback: Any = None,
        **_: Any,
    ) -> "Handle":
        _name, task_id, request, body, content_type, encoding = args[:6]
        handle = Handle(self, callback)
        accept_callback(os.getpid(), time.monotonic())
        if _name == CANARY:
            self._pulse.canary.arrived()
            handle.done()
            return handle
        handle.ids = ids_of(body, content_type, encoding)
        if not handle.ids:
            log.warning("doorbell.nonsense", task_id=str(task_id)[:100])
            handle.done()
            return handle
        self._handles.add(handle)
        delivery = Delivery(handle.ids, handle.done, rung_by=rung_by(request))
        self._thread.loop.call_soon_threadsafe(self.runner.offer, delivery)
        return handle

    def finished(self, handle: "Handle", callback: Any) -> None:
        """From any thread: have Celery acknowledge the message."""
        self._handles.discard(handle)
        self._callbacks.append((callback, (0, "null", time.monotonic() - handle.started)))
        if threading.current_thread() is threading.main_thread() and self._closed:
            self._drain()
            return
        try:
            self._wake_hub.send(b"1")
        except (BlockingIOError, OSError):
            # Full: the hub has plenty of wake-ups to come. Closed: on_stop drains.
            return

    def _on_woken(self) -> None:
        try:
            self._woken.recv(4096)
        except BlockingIOError:
            return
        self._drain()

    def _drain(self) -> None:
        while self._callbacks:
            callback, answer = self._callbacks.popleft()
            try:
                callback(answer)
            except Exception as error:
                # Redis is away: the ack is lost, a redelivery finds the job settled.
                log.warning("doorbell.ack_lost", error=type(error).__name__)

    def cancel(self, ids: Sequence[UUID]) -> None:
        """Somebody revoked the message of these jobs: they end as cancelled."""
        self._tell(self.runner.stop_ids, ids, "cancel")

    def terminate_job(self, pid: int, signal: Any = None) -> None:
        """All jobs share one process; `Handle.terminate` stops the one that is meant."""

    def on_stop(self) -> None:
        self._shut_down(within_s=self._host.settings.shutdown_s)

    def on_terminate(self) -> None:
        self._shut_down(within_s=0.0)

    def _shut_down(self, *, within_s: float) -> None:
        if self._closed:
            return
        self._closed = True
        log.info("worker.stopping", in_flight=self.runner.in_flight, within_s=within_s)
        patience_s = 5.0
        try:
            self._await_close(within_s)
            self._drain()
            self._thread.call(self._opened.aclose(), within_s=5)
        except TimeoutError:
            log.error("worker.stop_timed_out", still_s=round(self.still_s(), 1))
            patience_s = 0.0
        finally:
            self._pulse.stop()
            self._thread.stop(within_s=patience_s)
            for end in (self._wake_hub, self._woken):
                end.close()

    def _await_close(self, within_s: float) -> None:
        """Until the runner has closed; raises `TimeoutError` once its time is up and the loop does
        not turn, because then nothing more will come of it."""
        closing = self._thread.spawn(self.runner.close(within_s=within_s))
        began = time.monotonic()
        while not concurrent.futures.wait([closing], timeout=0.2).done:
            spent_s = time.monotonic() - began
            deaf = spent_s > within_s and self.still_s() > DEAF_S
            if deaf or spent_s > within_s + CLOSE_WITHIN_S:
                raise TimeoutError
        closing.result()

    def grow(self, n: int = 1) -> None:
        self.limit += n
        self.runner.slots = self.limit

    def shrink(self, n: int = 1) -> None:
        self.limit = max(1, self.limit - n)
        self.runner.slots = self.limit

    @property
    def num_processes(self) -> int:
        return int(self.limit)

    def _get_info(self) -> dict[str, Any]:
        return {
            "max-concurrency": self.limit,
            "in-flight": self.runner.in_flight,
            "processes": [os.getpid()],
        }


class Handle:
    """What Celery holds of a running message (weakly; the pool keeps it alive)."""

    def __init__(self, pool: IoPool, callback: Any) -> None:
        self.ids: Sequence[UUID] = ()
        self.started = time.monotonic()
        self._pool = pool
        self._callback = callback

    def done(self) -> None:
        """None of the ids needs more work."""
        self._pool.finished(self, self._callback)

    def terminate(self, _signum: int) -> None:
        """Celery's `revoke(terminate=True)`: these jobs are cancelled."""
        self._pool.cancel(self.ids)


def ids_of(body: Any, content_type: str, encoding: str) -> tuple[UUID, ...]:
    """The job ids in a message's body; none when it is nonsense."""
    try:
        args = loads(body, content_type, encoding, accept={"json", "application/json"})
        return tuple(UUID(one) for one in args[0][0])
    except (KombuError, ValueError, TypeError, LookupError, AttributeError):
        return ()
