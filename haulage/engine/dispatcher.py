"""The dispatcher: what must happen although nobody asks. Run two or more; one leads.

Each tick it queues what is due, fails what is past its deadline, takes back the jobs of dead
workers, and rings: first what was never rung, then what was rung and has not been claimed. It keeps
a bounded window of messages in Redis, so that under congestion the table decides who is next, not a
list that nobody can reorder.

What may take long, chores, goes on beside the ticks in tasks of its own, and only while it leads.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from haulage.domain.errors import Unavailable
from haulage.domain.job_type import IO
from haulage.engine import overview
from haulage.engine.announced import GATHER_S, Announced
from haulage.engine.children import sweep
from haulage.engine.lost_rings import LostRings, Memory, QueueLengths
from haulage.engine.rescues import tell_rescued
from haulage.engine.services import Services
from haulage.engine.window import size_of
from haulage.settings import EngineSettings
from haulage.storage.dispatch_store import Ringing
from haulage.storage.leader import Leader
from haulage.telemetry import logs
from haulage.telemetry.metrics import DISPATCHER_LEADS

log = logs.get(__name__)

LEADERSHIP = "haulage.dispatcher"
BATCH = 1_000
# One statement of the ring; about 15 ms with 100,000 jobs waiting. Of a window that quick workers
# made larger it is the share that a tick takes in its turns: each statement counts what is rung.
RING_BATCH = 250
# So many before the rest of a tick has its turn again.
RINGS_A_TICK = 8
SLOW_EVERY_S = 1.0
# Of a tick, while a queue has more jobs than its window holds.
CONGESTED_TICK = 0.25
STANDBY_S = 1.0


class Chore(Protocol):
    """Something the leader does at an interval, beside its ticks."""

    name: str
    every_s: float

    async def round(self, go_on: Callable[[], bool]) -> None:
        """Do what is due; stop early once `go_on` says no."""
        ...


class Dispatcher:
    """One candidate for the lead."""

    def __init__(
        self,
        services: Services,
        leader: Leader,
        *,
        settings: EngineSettings,
        queues: dict[str, str],
        queue_lengths: QueueLengths,
        memory: Memory | None = None,
        chores: Sequence[Chore] = (),
        announced: Announced | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._services = services
        self._leader = leader
        self._settings = settings
        self._queues = queues
        self._monotonic = monotonic
        self._lost_rings = LostRings(
            services,
            settings=settings,
            queues=queues,
            lengths=queue_lengths,
            memory=memory,
            monotonic=monotonic,
        )
        self._chores = chores
        self._announced = announced
        self._leads = False
        self._congested = False
        self._slow_at = 0.0
        self._answered_at = monotonic()
        # Whoever has just begun can't know whether the workers could beat before.
        self._judges_from = self._answered_at + settings.lease_s

    @property
    def leads(self) -> bool:
        """Whether it led when it last looked, at most a tick ago."""
        return self._leads

    @property
    def silent_s(self) -> float:
        """For how long PostgreSQL has not answered it."""
        return self._monotonic() - self._answered_at

    async def run(self, stop: asyncio.Event) -> None:
        """Lead or stand by until `stop` is set."""
        async with asyncio.TaskGroup() as group:
            for chore in self._chores:
                group.create_task(self._keep_at(chore, stop), name=chore.name)
            listening = self._announced and group.create_task(self._announced.keep_listening())
            await self._dispatch(stop)
            if listening:
                listening.cancel()

    async def _dispatch(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                # While there is more to do than one tick takes, the next one does not wait.
                if not await self._turn():
                    await self._rest(stop)
                continue
            except Unavailable:
                log.warning("dispatcher.database_away")
                self._set_leads(leads=False)
            except Exception:
                # One tick's fault must not end the only process that finds lost jobs.
                log.exception("dispatcher.tick_broken")
            await _pause(stop, self._rest_s())
        await self._leader.release()
        self._set_leads(leads=False)

    async def _rest(self, stop: asyncio.Event) -> None:
        """Until the next tick; jobs that are announced meanwhile are rung at once."""
        if self._announced is None:
            await _pause(stop, self._rest_s())
            return
        end = self._monotonic() + self._rest_s()
        while (left_s := end - self._monotonic()) > 0:
            if not await self._announced.within(left_s, stop):
                return
            if self._leads and await self._ring_new():
                return
            await _pause(stop, GATHER_S)

    def _rest_s(self) -> float:
        """A quick worker empties a full window before the next tick, and would wait for it."""
        return self._settings.tick_s * (CONGESTED_TICK if self._congested else 1)

    async def _keep_at(self, chore: Chore, stop: asyncio.Event) -> None:
        while not stop.is_set():
            led = self._leads
            if led:
                try:
                    await chore.round(lambda: self._leads and not stop.is_set())
                except Unavailable:
                    log.warning("dispatcher.chore_put_off", chore=chore.name)
                except Exception:
                    # One chore's fault must not end the others, nor the dispatcher.
                    log.exception("dispatcher.chore_broken", chore=chore.name)
            # A new leader begins soon, whatever the interval.
            await _pause(stop, chore.every_s if led else min(chore.every_s, STANDBY_S))

    async def _turn(self) -> bool:
        self._set_leads(leads=await self._leader.acquire())
        self._note_answer()
        return self._leads and await self.tick()

    def _note_answer(self) -> None:
        """Workers are judged by their beats only once they could beat again: after PostgreSQL (or
        this whole machine) was away, their silence says nothing for as long as a lease."""
        now = self._monotonic()
        if now - self._answered_at > self._settings.lease_s / 2:
            self._judges_from = now + self._settings.lease_s
        self._answered_at = now

    async def tick(self) -> bool:
        """One round of everything, as the leader; True when there is more to do at once."""
        dispatch = self._services.dispatch
        more = await dispatch.promote_due(limit=BATCH) >= BATCH
        now = self._monotonic()
        slow = now - self._slow_at >= SLOW_EVERY_S
        if slow:
            self._slow_at = now
            await self._services.calibrate()
            more |= await dispatch.expire(limit=BATCH) >= BATCH
            await self.rescue()
            await sweep(self._services, limit=BATCH)
            await self._lost_rings.ring_again()
        return await self._ring_new() or more

    async def rescue(self) -> int:
        """Declare silent workers dead and take back what ended workers hold; how many jobs."""
        dispatch = self._services.dispatch
        if self._monotonic() >= self._judges_from:
            for worker_id in await dispatch.end_silent_workers(lease_s=self._settings.lease_s):
                log.warning("worker.silent", worker_id=str(worker_id))
        total = 0
        while True:
            rescued = await dispatch.rescue_orphans(limit=BATCH)
            tell_rescued(rescued, self._services)
            total += len(rescued)
            if len(rescued) < BATCH:
                break
        if total:
            await dispatch.promote_due(limit=BATCH)
        return total

    async def _ring_new(self) -> bool:
        """Fill each queue's window; True when a window has room and jobs may be left."""
        more = congested = rang = False
        waiting = await self._services.dispatch.unrung(self._queues)
        if not waiting:
            # However full the windows are, nobody waits for room in them.
            self._congested = False
            return False
        found = await self._services.dispatch.rung_waiting()
        for queue in self._queues:
            ringing = found.get(queue, Ringing())
            size = size_of(self._settings.window, ringing)
            room = size - ringing.waiting
            for _ in range(RINGS_A_TICK):
                if room <= 0 or queue not in waiting:
                    break
                bells = await self._services.dispatch.take_unrung(
                    queue,
                    limit=min(room, max(RING_BATCH, size // RINGS_A_TICK)),
                    aging_s=self._settings.aging_s,
                    isolates=self._queues[queue] == IO,
                )
                if not bells:
                    break
                self._services.doorbell.ring(bells)
                self._services.event_bell.rang(bell.job_id for bell in bells)
                room -= len(bells)
                rang = True
            else:
                more |= room > 0
            congested |= room <= 0
        # A capped tenant has room for its next job when one ends, perhaps long before a tick.
        self._congested = congested or (rang and bool(self._services.caps()))
        return more

    def _set_leads(self, *, leads: bool) -> None:
        if leads != self._leads:
            log.info("dispatcher.leads" if leads else "dispatcher.stands_by")
        self._leads = leads
        DISPATCHER_LEADS.set(1 if leads else 0)
        if not leads:
            overview.be_silent()


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), timeout=seconds)
    except TimeoutError:
        return
