"""The pulse of a worker process, from a thread with an event loop and a connection of its own.

It beats once a second, outside every handler's way, and brings back what must stop. A beat says
when the crew last moved, so a stuck loop loses its jobs after a lease; after one more the process
ends, because nothing in it is worth anything. A worker that was declared dead while it was only
slow disowns what it runs and goes on as a new incarnation.
"""

import asyncio
import concurrent.futures
import os
import resource
import signal
import socket
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, suppress
from typing import Any, NoReturn, Protocol
from uuid import UUID

from haulage.domain.errors import Unavailable
from haulage.engine.canary import Canary
from haulage.engine.host import WorkerHost
from haulage.engine.incarnation import worker_name
from haulage.engine.loop_thread import LoopThread
from haulage.engine.pace import Pace
from haulage.engine.revokes import Revokes
from haulage.engine.services import Services
from haulage.storage.worker_store import StopOrder, WorkerInfo
from haulage.telemetry import logs
from haulage.telemetry.metrics import JOBS_IN_FLIGHT, LEASE_AGE

log = logs.get(__name__)

# The crew counts as stuck when it has not moved for this share of the lease.
STUCK_SHARE = 0.6
STUCK_EXIT_CODE = 70
# So long after the time for a warm shutdown a process that is still there is beyond help.
DEAF_AFTER_S = 20.0


class Crew(Protocol):
    """The pool's side: what the pulse reports of it, and what it tells it. Called on the pulse's
    loop."""

    def in_flight(self) -> int: ...

    def backlog(self) -> int:
        """Ids it was rung for and has not claimed yet."""
        ...

    def ended(self) -> Mapping[str, int]:
        """By queue, how many jobs have ended so far."""
        ...

    def still_s(self) -> float:
        """For how long the crew could not have taken a job or an order."""
        ...

    def holder(self) -> UUID | None:
        """The job whose code runs on the crew's loop at this moment, if it is one's."""
        ...

    def room(self) -> bool:
        """Whether a message more would be taken from the broker."""
        ...

    def disown(self) -> None:
        """Every lease is lost: stop what runs, settle nothing."""
        ...

    async def obey(self, order: StopOrder, services: Services) -> None: ...

    async def reconcile(self, services: Services) -> None:
        """Give up leases the table says we hold but nobody here runs."""
        ...


class Pulse:
    """Registers the worker, beats until stopped, retires it."""

    def __init__(self, host: WorkerHost, crew: Crew) -> None:
        self._host = host
        self._crew = crew
        self._thread: LoopThread | None = None
        self._beating: concurrent.futures.Future[None] | None = None
        self._opened = AsyncExitStack()
        self._services: Services | None = None
        self._stuck_since: float | None = None
        self._clock_ahead_s: float | None = None
        self._holder: UUID | None = None
        self._pace = Pace()
        self._revokes = Revokes()
        self.canary = Canary(
            host.send_canary,
            every_s=host.settings.canary_s,
            silence_s=host.settings.canary_silence_s,
        )
        self._leaving: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Returns when the worker is registered: from then on it may claim."""
        self._thread = LoopThread("pulse")
        self._thread.call(self._open(), within_s=30)
        self._host.vitals.beat()
        # By whoever asks, when they ask: it grows while there is no beat.
        LEASE_AGE.set_function(lambda: self._host.vitals.lease_age_s)
        self._beating = self._thread.spawn(self._beat_forever())

    def stop(self) -> None:
        """The worker's clean end."""
        if self._thread is None:
            return
        if self._beating is not None:
            self._beating.cancel()
        try:
            self._thread.call(self._retire(), within_s=10)
        except (TimeoutError, concurrent.futures.CancelledError):
            log.warning("worker.retire_timed_out")
        self._thread.stop()
        self._thread = None

    def spawn(self, work: Callable[[Services], Coroutine[Any, Any, None]]) -> None:
        """Do something with the pulse's services, from any thread, without waiting."""
        if self._thread is not None and self._services is not None:
            self._thread.spawn(work(self._services))

    async def _open(self) -> None:
        self._services = await self._opened.enter_async_context(self._host.open_services(2))
        self._orders = await self._opened.enter_async_context(self._host.open_orders())
        await self._register()

    async def _register(self) -> None:
        assert self._services is not None
        host = self._host
        info = WorkerInfo(
            id=host.incarnation.id,
            name=worker_name(host.pool),
            host=socket.gethostname(),
            pid=os.getpid(),
            pool=host.pool,
            queues=host.queues,
            slots=host.slots,
            version=host.version,
        )
        await self._services.workers.register(info)
        log.info("worker.registered", worker_id=str(info.id), name=info.name, slots=info.slots)

    async def _beat_forever(self) -> None:
        while True:
            try:
                await self._beat()
            except Unavailable:
                # Handlers go on; they settle when PostgreSQL is back, if their lease still stands.
                log.warning("worker.beat_failed")
            except Exception:
                log.exception("worker.beat_broken")
            await self._orders.wait(self._host.incarnation.id, self._host.settings.heartbeat_s)

    async def _beat(self) -> None:
        services, crew = self._services, self._crew
        assert services is not None
        still_s = crew.still_s()
        if still_s >= self._host.settings.lease_s * STUCK_SHARE:
            await self._stuck(still_s)
            return
        self._stuck_since = self._holder = None
        self._host.vitals.stuck = False
        beat = await services.workers.beat(
            self._host.incarnation.id,
            in_flight=crew.in_flight(),
            backlog=crew.backlog(),
            paces=self._pace.since(crew.ended(), time.monotonic()),
            rss_bytes=peak_rss_bytes(),
            clock_ahead_s=self._clock_ahead_s,
            still_s=still_s,
        )
        self._host.vitals.beat()
        JOBS_IN_FLIGHT.labels(pool=self._host.pool).set(crew.in_flight())
        self._clock_ahead_s = -services.clock.calibrate(beat.now).total_seconds()
        if not beat.alive:
            await self._reborn()
            return
        for order in beat.orders:
            await crew.obey(order, services)
        await crew.reconcile(services)
        await self._revokes.hear(services)
        if beat.drained_by is not None:
            self._stop_worker(why="drained", by=beat.drained_by)
        if await self.canary.look(room=crew.room()):
            self._stop_worker(why="silent consumer")

    def _stop_worker(self, **because: str) -> None:
        if self._leaving is None:
            log.warning("worker.stops", worker_id=str(self._host.incarnation.id), **because)
            stopping = self._warm_shutdown(because["why"])
            self._leaving = asyncio.get_running_loop().create_task(stopping)

    async def _warm_shutdown(self, why: str) -> None:
        """Celery's own, and a hard end if that does not come about."""
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(self._host.settings.shutdown_s + DEAF_AFTER_S)
        await leave(self._services, self._host, why=why)

    async def _stuck(self, still_s: float) -> None:
        """No beat; the end of the process if it stays like this."""
        self._host.vitals.stuck = True
        log.error("worker.crew_stuck", still_s=round(still_s, 1))
        now = time.monotonic()
        # Counted from what was seen here: a process that slept as a whole wakes up looking stuck.
        self._stuck_since = self._stuck_since or now
        if now - self._stuck_since >= self._host.settings.lease_s:
            await leave(self._services, self._host, why="stuck")
        # Seen twice, or it would be whoever had its turn when the whole process was frozen.
        before, self._holder = self._holder, self._crew.holder()
        if before is not None and before == self._holder:
            assert self._services is not None
            await self._services.workers.blame(self._host.incarnation.id, before)
            log.error("worker.loop_held", job_id=str(before))

    async def _reborn(self) -> None:
        old = self._host.incarnation.id
        # Renewed first: a child that is told to stop sees by it that its lease is lost.
        fresh = self._host.incarnation.renew()
        self._crew.disown()
        log.error("worker.declared_dead", worker_id=str(old), now_worker_id=str(fresh))
        await self._register()

    async def _retire(self) -> None:
        assert self._services is not None
        try:
            await self._services.workers.retire(self._host.incarnation.id)
        except Unavailable:
            log.warning("worker.retire_failed")
        await asyncio.wait_for(self._opened.aclose(), timeout=5)


async def leave(services: Services | None, host: WorkerHost, *, why: str) -> NoReturn:
    """End this process without a goodbye to Celery; a supervisor starts another."""
    log.error("worker.leaves", why=why, worker_id=str(host.incarnation.id))
    if services is not None:
        with suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(2):
                await services.workers.retire(host.incarnation.id, reason=why)
    os._exit(STUCK_EXIT_CODE)


def peak_rss_bytes() -> int:
    """This process's peak resident memory."""
    # Linux counts in KiB.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
