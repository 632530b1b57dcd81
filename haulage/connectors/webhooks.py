"""Tells endpoints of jobs: a chore of whoever leads the dispatchers.

Promises: what is in the outbox is sent at least once, under an id that stays; of one job's events
an endpoint is told in their order; a slow, lying or dead endpoint costs the others nothing but its
few places. What is sent and not yet recorded when the process dies is sent again.

    slow      gets SLOW_PLACES at a time         gone      410: disabled at once
    failing   gets one, after a rest that grows  lasting   disabled after `lasting_s` of failures
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from uuid import UUID

from haulage.connectors.signature import signed_headers
from haulage.connectors.vault import Vault
from haulage.connectors.webhook_payload import payload
from haulage.domain.clock import Clock
from haulage.domain.errors import HaulageError
from haulage.domain.webhook import DeliveryState, Persistence
from haulage.storage.delivery_store import DeliveryStore, Due, Tried, Verdict
from haulage.storage.json_text import storable
from haulage.telemetry import logs, tracing
from haulage.telemetry.metrics import WEBHOOK_TRIES
from haulage.web.poster import Answer, Poster

log = logs.get(__name__)

# At once, over all endpoints and to one of them.
PLACES = 512
PLACES_EACH = 32
SLOW_PLACES = 4
SLOW_S = 2.0
MAX_EXCERPT = 200
GONE = 410


@dataclass(frozen=True, slots=True)
class Try:
    """A delivery that was tried: what was answered, or why nothing was."""

    due: Due
    took_s: float
    answer: Answer | None = None
    fault: str | None = None
    said: str | None = None

    @property
    def is_success(self) -> bool:
        """Whether the endpoint has taken it."""
        return self.answer is not None and self.answer.is_success


@dataclass(slots=True)
class Lane:
    """What is under way to one endpoint."""

    under_way: int = 0
    slow: bool = False

    @property
    def places(self) -> int:
        """How many more may go."""
        return max(0, (SLOW_PLACES if self.slow else PLACES_EACH) - self.under_way)


class Deliverer:
    """Sends what is due and marks what came of it, many at a time."""

    name = "webhooks"
    every_s = 0.25

    def __init__(
        self,
        store: DeliveryStore,
        poster: Poster,
        vault: Vault,
        clock: Clock,
        *,
        base_url: str = "",
        persistence: Persistence | None = None,
        lasting_s: float = 5 * 86_400.0,
        random: Random | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        wind_up_s: float = 3.0,
    ) -> None:
        self._store = store
        self._poster = poster
        self._vault = vault
        self._clock = clock
        self._base_url = base_url.rstrip("/")
        self._persistence = persistence or Persistence()
        self._lasting = timedelta(seconds=lasting_s)
        self._random = random or Random()  # noqa: S311 - it spreads retries
        self._monotonic = monotonic
        self._wind_up_s = wind_up_s
        self._under_way: dict[UUID, asyncio.Task[None]] = {}
        self._lanes: defaultdict[UUID, Lane] = defaultdict(Lane)
        # Tried and not recorded: they are under way still, for whoever reads what is due.
        self._tried: list[Try] = []
        self._news = asyncio.Event()

    async def round(self, go_on: Callable[[], bool]) -> None:
        """Send until nothing is due and nothing under way, or `go_on` says no."""
        try:
            while go_on():
                self._news.clear()
                await self._record()
                await self._begin()
                if not self._under_way:
                    return
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), self.every_s)
        finally:
            await self._wind_up()

    async def _begin(self) -> None:
        """Start what is due, as far as there is room."""
        room = PLACES - len(self._under_way)
        if room <= 0:
            return
        found = await self._store.due(
            limit=room,
            most=PLACES_EACH,
            places={one: lane.places for one, lane in self._lanes.items()},
            under_way=list(self._under_way),
        )
        for due in found:
            self._lanes[due.webhook_id].under_way += 1
            self._under_way[due.id] = asyncio.create_task(self._send(due), name="webhook")

    async def _send(self, due: Due) -> None:
        began = self._monotonic()
        answer = fault = said = None
        try:
            with _span(due) as span:
                answer = await self._post(due)
                span.set({"http.response.status_code": answer.status})
                if not answer.is_success:
                    fault, said = f"http_{answer.status}", answer.excerpt
                    span.fail(fault)
        except HaulageError as error:
            fault, said = error.code, str(error)
        except Exception:
            # A fault of ours must not keep this one pending for ever at full speed.
            log.exception("webhook.broken", delivery_id=str(due.id))
            fault = "internal_error"
        took_s = self._monotonic() - began
        self._lanes[due.webhook_id].slow = took_s >= SLOW_S
        self._tried.append(Try(due, took_s, answer, fault, said))
        self._news.set()

    async def _post(self, due: Due) -> Answer:
        now = self._clock.now()
        body = payload(due, base_url=self._base_url)
        valid = [one for one in due.secrets if one.until is None or one.until > now]
        headers = signed_headers(
            body, id=str(due.id), at=now, secrets=[self._vault.open(one.sealed) for one in valid]
        )
        if (traceparent := tracing.current()) is not None:
            headers["traceparent"] = traceparent
        return await self._poster.post(
            due.url, body, {"content-type": "application/json", **headers}
        )

    async def _record(self) -> None:
        """Mark what was tried; all of it stays as it was when that can't be done."""
        tried = list(self._tried)
        if not tried:
            return
        off = await self._store.record(
            [self._outcome(one) for one in tried],
            verdicts(tried),
            lasting_since=self._clock.now() - self._lasting,
        )
        del self._tried[: len(tried)]
        for one in tried:
            del self._under_way[one.due.id]
            lane = self._lanes[one.due.webhook_id]
            lane.under_way -= 1
            if not lane.under_way and not lane.slow:
                del self._lanes[one.due.webhook_id]
        for endpoint in off:
            log.warning("webhook.disabled", webhook_id=str(endpoint.id), reason=endpoint.reason)

    def _outcome(self, one: Try) -> Tried:
        state, due_at = DeliveryState.DELIVERED, None
        if not one.is_success:
            delay_s = self._persistence.delay_s(one.due.tries + 1, self._random)
            if delay_s is None:
                state = DeliveryState.FAILED
            else:
                state = DeliveryState.PENDING
                due_at = self._clock.now() + timedelta(seconds=delay_s)
        WEBHOOK_TRIES.labels(outcome="retried" if due_at else state.value).inc()
        return Tried(
            id=one.due.id,
            tried=one.due.tried,
            state=state,
            due_at=due_at,
            status=one.answer.status if one.answer else None,
            fault=one.fault,
            excerpt=_excerpt(one.said),
            took_s=one.took_s,
        )

    async def _wind_up(self) -> None:
        """Let what is under way end within `wind_up_s`, and record it. The rest is sent again by
        the next leader."""
        sending = [task for task in self._under_way.values() if not task.done()]
        if sending:
            _, late = await asyncio.wait(sending, timeout=self._wind_up_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        try:
            await self._record()
        finally:
            # What could not be recorded is sent again: nobody but this process knows of it.
            self._tried.clear()
            self._under_way.clear()
            self._lanes.clear()


def _span(due: Due) -> tracing.Span:
    if not tracing.is_on():
        return tracing.NOTHING
    about: tracing.Attributes = {
        "http.request.method": "POST",
        "haulage.webhook_id": str(due.webhook_id),
        "haulage.delivery_id": str(due.id),
        "haulage.event": due.event,
        "haulage.try": due.tried + 1,
        "haulage.job_id": str(due.job_id) if due.job_id else None,
    }
    return tracing.span("webhook", about, kind="client", parent=due.traceparent)


def verdicts(tried: Sequence[Try]) -> list[Verdict]:
    """What these say of their endpoints, in the order in which they ended; nothing of those that
    are well and were."""
    found: dict[UUID, Verdict] = {}
    for one in tried:
        webhook_id = one.due.webhook_id
        before = found.get(webhook_id, Verdict(webhook_id, answered=False, failures=0))
        if one.is_success:
            found[webhook_id] = Verdict(webhook_id, answered=True, failures=0)
            continue
        status = one.answer.status if one.answer else None
        rest_s = one.answer.retry_after_s if one.answer else None
        found[webhook_id] = Verdict(
            webhook_id,
            answered=before.answered,
            failures=before.failures + 1,
            rest_s=rest_s if rest_s is not None else before.rest_s,
            gone=before.gone or status == GONE,
        )
    ailing = {one.due.webhook_id for one in tried if one.due.failures or not one.is_success}
    return [verdict for verdict in found.values() if verdict.webhook_id in ailing]


def _excerpt(said: str | None) -> str | None:
    """A line of it, of what can be shown."""
    if not said:
        return None
    shown = "".join(one if one.isprintable() else " " for one in storable(said))
    return " ".join(shown.split())[:MAX_EXCERPT] or None
