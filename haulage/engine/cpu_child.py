"""A prefork child of the cpu pool: one job at a time, a plain handler in the main thread.

An `async def` handler comes here when its job must be alone (decision 011); it runs on the loop. An
event loop in a second thread runs the executor and talks to PostgreSQL; the main thread runs the
handler, so that a signal can interrupt it. Stopping goes in three steps: the executor cancels the
call, a signal raises `Interrupted` in the handler, and if that does not help (a handler deep in C
code) the parent kills the process.
"""

import asyncio
import concurrent.futures
import os
import queue
import signal
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from contextvars import copy_context
from typing import Any
from uuid import UUID

from haulage.domain.errors import Interrupted, NotRetryable, Unavailable
from haulage.domain.job import Lease
from haulage.domain.job_type import IO, JobType
from haulage.engine.batcher import patiently
from haulage.engine.blocking import BlockingRunContext
from haulage.engine.context import RunContext
from haulage.engine.executor import Executor, Stop
from haulage.engine.host import WorkerHost
from haulage.engine.loop_thread import LoopThread
from haulage.engine.runner import invoke_async
from haulage.engine.services import Services
from haulage.engine.verdicts import starved
from haulage.telemetry import logs, tracing

log = logs.get(__name__)

# From the parent: this child's job must stop; why is in the table or in the closing flag.
STOP_SIGNAL = signal.SIGUSR2
# From this process's own loop: interrupt the handler.
INTERRUPT_SIGNAL = signal.SIGALRM
# How long a child may try to reach PostgreSQL; Celery kills one that is not up after four seconds.
BIRTH_PATIENCE_S = 3.0
TELL_COUNTS_S = 0.5

_Call = tuple[Callable[[], Any], "concurrent.futures.Future[Any]"]


class CpuChild:
    """The child's runtime; made after the fork."""

    def __init__(self, host: WorkerHost, *, closing: Callable[[], bool]) -> None:
        self._host = host
        self._closing = closing
        self._thread = LoopThread("executor")
        self._opened = AsyncExitStack()
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._stop: Stop | None = None
        self._worker_id: UUID | None = None  # under which the running lease was claimed
        self._handling = False
        self._starved = False
        self._coroutine: asyncio.Future[Any] = self._thread.loop.create_future()
        self._coroutine.cancel()  # none yet
        self._relay = host.relay
        self._telling: asyncio.TimerHandle | None = None
        if self._relay is not None:
            self._relay.born()
        self._services: Services = self._open_or_end()
        self._executor = Executor(self._services, stop_grace_s=host.settings.stop_grace_s)
        signal.signal(STOP_SIGNAL, self._on_stop_signal)
        signal.signal(INTERRUPT_SIGNAL, self._on_interrupt)

    def _open_or_end(self) -> Services:
        """Try for a while, then end the process, so that its parent forks another.

        Celery swallows what its signal receivers raise; a child without services would live on,
        take messages and drop them.
        """
        gives_up_at = time.monotonic() + BIRTH_PATIENCE_S
        while True:
            try:
                return self._thread.call(self._open(), within_s=30)
            except Exception as error:
                if time.monotonic() >= gives_up_at:
                    log.error("child.stillborn", error=type(error).__name__)
                    os._exit(1)
            time.sleep(0.1)

    async def _open(self) -> Services:
        return await self._opened.enter_async_context(self._host.open_services(2))

    def run(self, ids: list[UUID], rung_by: str | None = None) -> None:
        """Claim and run what a message names; returns when it is settled or not ours."""
        ended = self._thread.spawn(self._run(ids, rung_by))
        ended.add_done_callback(lambda _: self._calls.put(None))
        while (call := self._calls.get()) is not None:
            self._handle(*call)
        ended.result()

    def close(self) -> None:
        """Give the connections back, and say what was counted."""
        if self._relay is not None:
            self._relay.tell()
        try:
            self._thread.call(self._opened.aclose(), within_s=5)
        except TimeoutError:
            log.warning("child.close_timed_out")
        self._thread.stop()
        tracing.stop()

    async def _run(self, ids: list[UUID], rung_by: str | None) -> None:
        for lease in await self._claim(ids):
            self._stop, self._worker_id = Stop(), lease.worker_id
            try:
                await self._executor.run(lease, self._stop, self._invoke, rung_by=rung_by)
                if self._stop.cause == "shutdown":
                    await self._services.dispatch.give_back([(lease.job_id, lease.fence)])
                    self._services.event_bell.rang([lease.job_id])
            finally:
                self._stop = None
        await self._services.drain()
        self._tell_counts_soon()
        await self._require_idle()
        if self._starved:
            # Earlier jobs may have left it full: the next attempt gets a process that is empty.
            log.error("child.out_of_memory", limit_mb=self._host.settings.child_limit_mb)
            os.kill(os.getpid(), signal.SIGKILL)

    def _tell_counts_soon(self) -> None:
        """Once for all jobs that end within that time."""
        if self._relay is not None and self._telling is None:
            self._telling = self._thread.loop.call_later(TELL_COUNTS_S, self._tell_counts)

    def _tell_counts(self) -> None:
        self._telling = None
        if self._relay is not None:
            self._relay.tell()

    async def _require_idle(self) -> None:
        """A handler that goes on after its job is settled costs the process, not the slot."""
        for _ in range(round(self._host.settings.stop_grace_s / 0.05) + 1):
            if not self._handling and self._coroutine.done():
                return
            await asyncio.sleep(0.05)
        log.error("child.handler_ignores_stop")
        os.kill(os.getpid(), signal.SIGKILL)

    async def _claim(self, ids: list[UUID]) -> list[Lease]:
        """The leases of `ids`; while PostgreSQL is away the ring is kept until it is back."""
        pid = os.getpid()
        while not self._closing():
            worker_id = self._host.incarnation.id
            try:
                return await self._services.claim(
                    ids, worker_id=worker_id, worker_pid=pid, alone=True
                )
            except Unavailable:
                log.warning("child.claim_failed")
            await self._give_back_all(worker_id, pid)
        return []

    async def _give_back_all(self, worker_id: UUID, pid: int) -> None:
        """The claim may have landed and only its answer be lost. Nothing else runs in this process,
        so whatever the table says it holds goes back."""

        async def give_back() -> None:
            held = await self._services.workers.held(worker_id, for_s=-3600)
            mine = [(one.job_id, one.fence) for one in held if one.worker_pid == pid]
            await self._services.dispatch.give_back(mine)

        await patiently(give_back)

    def _invoke(self, declared: JobType, value: Any, context: RunContext) -> Awaitable[Any]:
        """Have the main thread call the handler; cancelling the future interrupts it."""
        if declared.pool == IO:
            self._coroutine = asyncio.ensure_future(invoke_async(declared, value, context))
            return self._coroutine
        blocking = BlockingRunContext(context, self._thread.loop)
        answer: concurrent.futures.Future[Any] = concurrent.futures.Future()
        awaited = asyncio.wrap_future(answer)
        awaited.add_done_callback(self._interrupt_if_cancelled)
        # The main thread knows whose job it is: its log lines and its spans say so.
        around = copy_context()
        self._calls.put((lambda: around.run(declared.handler, value, blocking), answer))
        return awaited

    def _interrupt_if_cancelled(self, awaited: "asyncio.Future[Any]") -> None:
        if awaited.cancelled() and self._handling:
            signal.pthread_kill(threading.main_thread().ident or 0, INTERRUPT_SIGNAL)

    def _handle(self, call: Callable[[], Any], answer: "concurrent.futures.Future[Any]") -> None:
        # A cancelled `answer` takes no value; the executor has already moved on.
        if not answer.set_running_or_notify_cancel():
            return
        try:
            self._handling = True
            value = call()
            self._handling = False
        except BaseException as error:
            self._handling = False
            if isinstance(error, SystemExit | KeyboardInterrupt):
                # A handler that exits the process would take the pool's slot with it.
                error = NotRetryable(f"The handler raised {type(error).__name__}.", code="exited")
            elif isinstance(error, MemoryError):
                self._starved = True
                error = starved(error, limit_mb=self._host.settings.child_limit_mb)
            answer.set_exception(error)
        else:
            answer.set_result(value)

    def _on_stop_signal(self, _signum: int, _frame: Any) -> None:
        self._thread.loop.call_soon_threadsafe(self._tell)

    def _tell(self) -> None:
        if self._stop is None:
            return
        if self._closing():
            self._stop.tell("shutdown")
        elif self._worker_id != self._host.incarnation.id:
            # Nobody asked for a cancel, and the row may not have been rescued yet: settle nothing.
            self._stop.tell("lost")
        else:
            self._stop.tell("cancel")

    def _on_interrupt(self, _signum: int, _frame: Any) -> None:
        if self._handling:
            raise Interrupted("this attempt must stop now")
