"""Live event streams: many readers, one look.

The hub hears on Redis which jobs have news and reads the new events of all waiting streams in one
query. It also looks by itself every `poll_s` seconds, so a Redis that is away costs latency only.
It is subscribed while there are streams, not longer.

Promise: a stream gets each event of its job once and in order from where it began, and ends after
the event of the job's end. A reader who is too slow is let go: it comes back with the number of the
last event that it had. How events look on the wire is the face's business (`sse.py`,
`websocket.py`).
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator
from contextvars import Context
from datetime import datetime
from uuid import UUID

from haulage.api.documents import text_of
from haulage.domain.errors import Unavailable
from haulage.domain.job import Event, EventKind, Job
from haulage.domain.lifecycle import TERMINAL
from haulage.engine.bus import Listener
from haulage.storage.event_store import EventStore
from haulage.storage.json_text import loads
from haulage.telemetry import logs
from haulage.telemetry.metrics import EVENT_LAG, EVENT_STREAMS

log = logs.get(__name__)

PAGE = 500
KEEPALIVE_S = 15.0
MAX_BEHIND = 2_000
REST_AFTER_FAILURE_S = 0.5

Encode = Callable[[Event], bytes]


class EventHub:
    """The streams of one process."""

    def __init__(
        self,
        events: EventStore,
        listener: Listener,
        *,
        poll_s: float,
        page: int = PAGE,
        max_behind: int = MAX_BEHIND,
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._now = now
        EVENT_STREAMS.set_function(lambda: self.waiting)
        self._events = events
        self._listener = listener
        self._poll_s = poll_s
        self._page = page
        self.max_behind = max_behind
        self._streams: dict[UUID, set[Stream]] = {}
        self._news: set[UUID] = set()
        self._wake = asyncio.Event()
        self._work: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many streams wait for news."""
        return sum(len(streams) for streams in self._streams.values())

    def stream(self, job: Job, *, after: int, encode: Encode) -> "Stream":
        """A stream of the events of `job` past number `after`, each as `encode` writes it."""
        return Stream(self, self._events, job, after=after, encode=encode, page=self._page)

    def end_all(self) -> None:
        """End all streams, also those to come: their readers come back to another process."""
        self._closed = True
        for streams in list(self._streams.values()):
            for stream in list(streams):
                stream.end()
        self._wake.set()

    async def close(self) -> None:
        """End all streams and stop listening."""
        self.end_all()
        if self._work is not None:
            await asyncio.wait({self._work})

    @contextlib.contextmanager
    def waiting_for_news(self, stream: "Stream") -> Iterator[None]:
        """Have the hub fill `stream` during the block."""
        if self._closed:
            stream.end()
            yield
            return
        self._streams.setdefault(stream.job_id, set()).add(stream)
        # What landed between its last read and now has rung already.
        self._heard({stream.job_id})
        if self._work is None:
            # Not in the context of the request that happens to come first.
            self._work = asyncio.get_running_loop().create_task(self._serve(), context=Context())
        try:
            yield
        finally:
            self.let_go(stream)

    def let_go(self, stream: "Stream") -> None:
        """Forget `stream`; doing it again changes nothing."""
        streams = self._streams.get(stream.job_id, set())
        streams.discard(stream)
        if not streams and self._streams.pop(stream.job_id, None) is not None:
            self._wake.set()

    def _heard(self, job_ids: set[UUID]) -> None:
        news = job_ids & self._streams.keys()
        if news:
            self._news |= news
            self._wake.set()

    async def _serve(self) -> None:
        listening = asyncio.get_running_loop().create_task(self._listen())
        try:
            while self._streams and not self._closed:
                try:
                    await self._look()
                except Unavailable:
                    log.warning("events.database_away")
                    await asyncio.sleep(REST_AFTER_FAILURE_S)
                except Exception:
                    # One bad read must not silence every stream of this process.
                    log.exception("events.look_broken")
                    await asyncio.sleep(REST_AFTER_FAILURE_S)
        finally:
            await _stopped(listening)
            await self._listener.close()
            self._work = None
        if self._streams and not self._closed:
            self._work = asyncio.get_running_loop().create_task(self._serve(), context=Context())

    async def _listen(self) -> None:
        while True:
            heard = await self._listener.hear(self._poll_s)
            self._heard(set(self._streams) if heard is None else heard)

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        next_poll = loop.time() + self._poll_s
        while self._streams and not self._closed:
            try:
                async with asyncio.timeout_at(next_poll):
                    await self._wake.wait()
            except TimeoutError:
                next_poll = loop.time() + self._poll_s
                self._news |= self._streams.keys()
            self._wake.clear()
            news, self._news = self._news, set()
            await self._deliver(news)

    async def _deliver(self, job_ids: set[UUID]) -> None:
        # Also the position of the hindmost: all streams of a job get the same read.
        positions = {
            job_id: min(stream.position for stream in self._streams[job_id])
            for job_id in job_ids
            if job_id in self._streams
        }
        found = await self._events.after(positions, limit=self._page)
        now = self._now() if self._now else None
        for job_id, events in found.items():
            if now is not None:
                EVENT_LAG.observe(max((now - events[-1].at).total_seconds(), 0.0))
            ends = is_end(events[-1]) and len(events) < self._page
            # Written once for all streams that speak alike.
            written: dict[Encode, list[tuple[int, bytes]]] = {}
            for stream in list(self._streams.get(job_id, ())):
                if stream.encode not in written:
                    encode = stream.encode
                    written[encode] = [(event.seq, encode(event)) for event in events]
                stream.take(written[stream.encode], ends=ends)
            if len(events) == self._page:
                self._heard({job_id})


class Stream:
    """One reader's way through a job's events."""

    def __init__(
        self,
        hub: EventHub,
        events: EventStore,
        job: Job,
        *,
        after: int,
        encode: Encode,
        page: int,
    ) -> None:
        self.job_id = job.id
        self.encode = encode
        # Whether it ended because its reader could not keep up.
        self.too_slow = False
        # Whether the event of the job's end has been taken: nothing more can come.
        self.is_over = job.is_terminal
        # A number from the future would wait for ever.
        self.position = min(after, job.event_seq)
        self._hub = hub
        self._events = events
        self._page = page
        self._behind: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._ended = False

    async def batches(self) -> AsyncGenerator[list[bytes], None]:
        """Encoded events, first those that happened, then those that happen.

        An empty batch says that nothing did for `KEEPALIVE_S`.
        """
        while True:
            events = await self._replay()
            if events:
                yield [self.encode(event) for event in events]
            if len(events) < self._page:
                break
        if events:
            self.is_over = is_end(events[-1])
        if self.is_over:
            return
        with self._hub.waiting_for_news(self):
            while not self._ended or self._behind:
                batch = await self._next()
                if batch is not None:
                    yield batch

    def take(self, encoded: list[tuple[int, bytes]], *, ends: bool) -> None:
        """The hub's delivery: events in order, perhaps some that were had before."""
        fresh = [(seq, text) for seq, text in encoded if seq > self.position]
        if not fresh:
            return
        if len(self._behind) + len(fresh) > self._hub.max_behind:
            log.info("events.reader_too_slow", job_id=str(self.job_id))
            self._behind.clear()
            self.too_slow = True
            self.end()
            return
        self._behind.extend(text for _, text in fresh)
        self.position = fresh[-1][0]
        self._wake.set()
        if ends:
            self.is_over = True
            self.end()

    def end(self) -> None:
        """Nothing more comes; what was taken still goes out."""
        self._ended = True
        self._wake.set()
        self._hub.let_go(self)

    async def _replay(self) -> list[Event]:
        found = await self._events.after({self.job_id: self.position}, limit=self._page)
        events = found.get(self.job_id, [])
        if events:
            self.position = events[-1].seq
        return events

    async def _next(self) -> list[bytes] | None:
        """What was delivered; empty after a while without; None when the stream has ended."""
        try:
            async with asyncio.timeout(KEEPALIVE_S):
                await self._wake.wait()
        except TimeoutError:
            return []
        self._wake.clear()
        batch = list(self._behind)
        self._behind.clear()
        return batch or None


async def _stopped(task: asyncio.Task[None]) -> None:
    while not task.done():
        # Again and again: redis-py swallows a cancel that meets it while it connects.
        task.cancel()
        await asyncio.wait({task}, timeout=0.05)


def data_of(event: Event) -> dict[str, object]:
    """What an event says, with the moment it happened `at`."""
    return {"at": text_of(event.at), **loads(event.data)}


def is_end(event: Event) -> bool:
    """Whether the job was over with this event."""
    return event.kind is EventKind.STATE and loads(event.data).get("state") in TERMINAL
