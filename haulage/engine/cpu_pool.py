"""The cpu pool: Celery's prefork with a pulse in the parent and an iron hand over the children.

The parent stops jobs on order: first a signal the child obeys, then, after a grace, `SIGKILL`, and
it settles the job in the child's place. A child that died by itself is noticed within half a
second, its job rescued and the death counted apart from retries.
"""

import asyncio
import mmap
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from random import Random
from typing import Any
from uuid import UUID

from celery.concurrency.prefork import TaskPool
from celery.signals import task_revoked, worker_process_init, worker_process_shutdown
from celery.worker import state

from haulage.domain.errors import TimedOut
from haulage.domain.outcome import Cancelled, Outcome
from haulage.engine.canary import CANARY
from haulage.engine.cpu_child import STOP_SIGNAL, CpuChild
from haulage.engine.heartbeat import Pulse
from haulage.engine.host import WorkerHost, host_of
from haulage.engine.processes import bind_child, exists, peak_rss_bytes_of, rss_bytes_of, send
from haulage.engine.rescues import tell_rescued
from haulage.engine.services import Services
from haulage.engine.verdicts import outcome_of
from haulage.storage.settlement import Settlement
from haulage.storage.worker_store import HeldLease, StopOrder
from haulage.telemetry import logs

log = logs.get(__name__)

NOTICE_DEATH_EVERY_S = 0.2
# The child ends its attempts itself; only one that can't, so long after that, is killed.
OVERDUE_S = 1.0
CLOSE_GRACE_S = 3.0

# In a child, its runtime; set after the fork and before the first message.
_child: CpuChild | None = None


class CpuPool(TaskPool):
    """Prefork, watched."""

    def on_start(self) -> None:
        self._host = host_of(self.app)
        # One byte that all children see: the worker is closing.
        self._closing = mmap.mmap(-1, 1)
        self._being_stopped: set[tuple[UUID, int]] = set()
        self._stopping: set[asyncio.Task[None]] = set()
        self._peaks: dict[int, int] = {}  # the most memory seen of each, for the crash ledger
        self._killed_over_mb: dict[int, int] = {}
        self._random = Random()  # noqa: S311 - jitter, not a secret
        prepare_children(self._host, self._closing)
        super().on_start()
        # Celery's prefork pool sets this on the instance; so do we.
        self.terminate_job = self._end_job
        self._to_child: Callable[..., Any] = vars(self)["on_apply"]
        self.on_apply = self._apply
        self._pulse = Pulse(self._host, self)
        self._pulse.start()
        self._on_revoked = self._record_revoke
        task_revoked.connect(self._on_revoked)

    def _apply(self, target: Any, args: Sequence[Any] = (), *rest: Any, **options: Any) -> Any:
        """A canary has arrived; everything else goes to a child."""
        if args[:1] != (CANARY,):
            return self._to_child(target, args, *rest, **options)
        self._pulse.canary.arrived()
        options["accept_callback"](os.getpid(), time.monotonic())
        options["callback"]((0, "null", 0.0))
        # Celery has taken a place for it, which the end of a child's task would have freed.
        self._pool._putlock.release()  # noqa: SLF001
        return Arrived()

    def register_with_event_loop(self, loop: Any) -> None:
        super().register_with_event_loop(loop)
        loop.call_repeatedly(NOTICE_DEATH_EVERY_S, self._notice_deaths)

    _seen: frozenset[int] = frozenset()

    def _notice_deaths(self) -> None:
        self._pool.maintain_pool()
        self._limit_memory()
        alive = frozenset(self.child_pids())
        if self._seen - alive:
            # Not at the next beat: a job in a dead child has waited long enough.
            self._pulse.spawn(self.reconcile)
        self._seen = alive

    def _limit_memory(self) -> None:
        limit_mb = self._host.settings.child_limit_mb
        if limit_mb is None:
            return
        for pid in self.child_pids():
            if (rss_bytes_of(pid) or 0) > limit_mb * 1024 * 1024:
                self._note_peak(pid)
                self._killed_over_mb[pid] = limit_mb
                log.error("child.over_memory_limit", pid=pid, limit_mb=limit_mb)
                send(pid, signal.SIGKILL)

    def _note_peak(self, pid: int) -> None:
        # One that has just died is still there, but tells nothing any more.
        if (peak := peak_rss_bytes_of(pid)) is not None:
            self._peaks[pid] = peak

    def on_stop(self) -> None:
        timer = threading.Timer(self._host.settings.shutdown_s, self._hurry)
        timer.daemon = True
        timer.start()
        try:
            super().on_stop()
        finally:
            timer.cancel()
            self._pulse.stop()

    def on_terminate(self) -> None:
        # A cold shutdown is a warm one without patience: children still give their jobs back.
        self._hurry()
        self.on_stop()

    def _hurry(self) -> None:
        """Time is up: children give their jobs back; those that can't are killed."""
        self._closing[0] = 1
        for pid in self.child_pids():
            send(pid, STOP_SIGNAL)
        timer = threading.Timer(CLOSE_GRACE_S, self._kill_all)
        timer.daemon = True
        timer.start()

    def _kill_all(self) -> None:
        for pid in self.child_pids():
            send(pid, signal.SIGKILL)

    def _end_job(self, pid: int, _signum: Any = None) -> None:
        """Celery's `revoke(terminate=True)`: the child ends its job as cancelled and lives on.

        One that does not listen is killed: the revoke is in the table too (`_record_revoke`).
        """
        if pid in self.child_pids():
            send(pid, STOP_SIGNAL)

    def child_pids(self) -> set[int]:
        """The children Celery believes to be alive."""
        pool = self._pool
        return {process.pid for process in list(pool._pool)} if pool else set()  # noqa: SLF001

    # The pulse's view of this pool (heartbeat.Crew); on the pulse's loop.

    def in_flight(self) -> int:
        return len(self._busy)

    _busy: Sequence[HeldLease] = ()

    def backlog(self) -> int:
        # Celery holds what it fetched; with all children busy the worker counts as full anyway.
        return 0

    def ended(self) -> dict[str, int]:
        # A process for each job ends so few in a second that its queue's window is large enough.
        return {}

    def room(self) -> bool:
        return len(state.reserved_requests) < self._host.slots

    def still_s(self) -> float:
        return 0.0

    def holder(self) -> UUID | None:
        return None

    def disown(self) -> None:
        # The children's writes are refused by the fence; stopping them frees their slots.
        for lease in self._busy:
            send(lease.worker_pid, STOP_SIGNAL)

    async def obey(self, order: StopOrder, services: Services) -> None:
        lease = (order.job_id, order.fence)
        if lease in self._being_stopped or order.worker_pid not in self.child_pids():
            return
        self._being_stopped.add(lease)
        task = asyncio.get_running_loop().create_task(self._stop(order, services))
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)

    async def reconcile(self, services: Services) -> None:
        self._busy = await services.workers.held(self._host.incarnation.id, for_s=0)
        alive = self.child_pids()
        # Forgotten once the child is gone and holds nothing: two rounds may meet at its death.
        told = alive | {lease.worker_pid for lease in self._busy}
        self._peaks = {pid: peak for pid, peak in self._peaks.items() if pid in told}
        self._killed_over_mb = {pid: mb for pid, mb in self._killed_over_mb.items() if pid in told}
        for lease in self._busy:
            if lease.worker_pid in alive and exists(lease.worker_pid):
                self._note_peak(lease.worker_pid)
                continue
            rescued = await services.dispatch.rescue_of_child(
                self._host.incarnation.id,
                lease.worker_pid,
                job_id=lease.job_id,
                peak_rss_bytes=self._peaks.get(lease.worker_pid),
                limit_mb=self._killed_over_mb.get(lease.worker_pid),
            )
            tell_rescued(rescued, services)

    async def _stop(self, order: StopOrder, services: Services) -> None:
        try:
            if order.cause == "cancel":
                send(order.worker_pid, STOP_SIGNAL)
                await asyncio.sleep(self._host.settings.cancel_grace_s)
            else:
                await asyncio.sleep(self._host.settings.stop_grace_s + OVERDUE_S)
            held = await services.workers.held(self._host.incarnation.id, for_s=0)
            if (order.job_id, order.fence) not in {(one.job_id, one.fence) for one in held}:
                return
            # Settle first: when the death is noticed the job must no longer look like a crash.
            await services.settlements.submit(
                Settlement(order.job_id, order.fence, self._verdict(order, services))
            )
            send(order.worker_pid, signal.SIGKILL)
            services.event_bell.rang([order.job_id])
            log.warning("child.killed", job_id=str(order.job_id), cause=order.cause)
        finally:
            self._being_stopped.discard((order.job_id, order.fence))

    def _verdict(self, order: StopOrder, services: Services) -> Outcome:
        if order.cause == "cancel":
            return Cancelled()
        return outcome_of(
            TimedOut("The attempt passed its time limit and its process had to be killed."),
            attempt=order.attempt,
            max_attempts=order.max_attempts,
            policy=services.registry.get(order.type).policy,
            random=self._random,
            now=services.clock.now(),
        )

    def _record_revoke(self, request: Any = None, **_: Any) -> None:
        """`celery control revoke` ends the job as cancelled in our table too."""
        ids = ids_of_request(request)
        if ids:
            self._pulse.spawn(lambda services: _cancel(services, ids))


class Arrived:
    """What Celery holds of a canary that has arrived."""


async def _cancel(services: Services, ids: list[UUID]) -> None:
    await services.jobs.cancel(ids, tenant=None, by="celery revoke")
    services.event_bell.rang(ids)


def ids_of_request(request: Any) -> list[UUID]:
    """The job ids of a Celery request; a single job's task id begins with its id."""
    try:
        return [UUID(str(request.id).partition(".")[0])]
    except (AttributeError, ValueError):
        return []


def prepare_children(host: WorkerHost, closing: mmap.mmap) -> None:
    """Have every child, the first ones and their successors, make its runtime after the fork."""

    def born(**_: Any) -> None:
        global _child
        bind_child(limit_mb=host.settings.child_limit_mb)
        _child = CpuChild(host, closing=lambda: closing[0] == 1)

    def ended(**_: Any) -> None:
        if _child is not None:
            _child.close()

    _receivers[:] = [born, ended]
    worker_process_init.connect(born)
    worker_process_shutdown.connect(ended)


# Signal receivers are held weakly.
_receivers: list[Any] = []


def run_message(ids: Any, rung_by: str | None = None) -> None:
    """The body of the Celery task in a child; nonsense is logged and acknowledged."""
    try:
        wanted = [UUID(one) for one in ids]
    except (ValueError, TypeError, AttributeError):
        log.warning("doorbell.nonsense")
        return
    if _child is not None:
        _child.run(wanted, rung_by)
