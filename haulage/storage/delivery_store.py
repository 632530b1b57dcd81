"""The outbox: what is to be told to endpoints, and what came of it.

Promise: a delivery is `pending` until an answer has been recorded, so that whoever dies between
sending and recording has it sent again, under the same id. Two that send at once do no harm: each
try is counted once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from haulage.domain.clock import Clock
from haulage.domain.webhook import DeliveryState, WebhookEvent
from haulage.storage import delivery_sql
from haulage.storage.database import Database
from haulage.storage.tables import webhook_deliveries
from haulage.storage.webhook_store import SealedSecret


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery that may go now, with all that sending it takes."""

    id: UUID
    webhook_id: UUID
    event: str
    job_id: UUID | None
    seq: int | None
    about: Mapping[str, Any]
    at: datetime
    # Since it was made or replayed, and ever: the second one is its fence.
    tries: int
    tried: int
    url: str
    secrets: tuple[SealedSecret, ...]
    # Of the endpoint.
    failures: int
    # Of the job.
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one try; `tried` as it was read, `due_at` None when there is no other."""

    id: UUID
    tried: int
    state: DeliveryState
    due_at: datetime | None
    status: int | None
    fault: str | None
    excerpt: str | None
    took_s: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a batch of tries says of an endpoint: whether one was `answered` well, and how many have
    failed since. `rest_s`: it asked to be left in peace; `gone`: it wants nothing any more."""

    webhook_id: UUID
    answered: bool
    failures: int
    rest_s: float | None = None
    gone: bool = False


@dataclass(frozen=True, slots=True)
class SwitchedOff:
    """An endpoint that was disabled by its verdict."""

    id: UUID
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Patience:
    """When an endpoint is left in peace, and when it is given up."""

    # Failures in a row before the first rest, which doubles from 5 s on.
    failures: int = 5
    longest_rest_s: float = 300.0


class DeliveryStore:
    """Reads and marks deliveries."""

    def __init__(
        self, database: Database, clock: Clock, *, patience: Patience | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._patience = patience or Patience()

    async def due(
        self, *, limit: int, most: int, places: Mapping[UUID, int], under_way: Sequence[UUID]
    ) -> list[Due]:
        """What may go now, oldest first: of each endpoint as many as it has `places`, or `most`;
        of one that has failed last, one. Those `under_way` are left out."""
        async with self._database.reading() as connection:
            rows = await connection.execute(
                delivery_sql.DUE,
                {
                    "limit": limit,
                    "most": most,
                    "webhook_ids": list(places),
                    "places": list(places.values()),
                    "under_way": list(under_way),
                    "now": self._clock.now(),
                },
            )
            return [
                Due(
                    **{
                        **{name: value for name, value in row.items() if name != "due_at"},
                        "secrets": tuple(SealedSecret.from_json(one) for one in row["secrets"]),
                    }
                )
                for row in rows.mappings()
            ]

    async def record(
        self, tried: Sequence[Tried], verdicts: Sequence[Verdict], *, lasting_since: datetime
    ) -> list[SwitchedOff]:
        """Mark what was tried; those endpoints that this was the end of.

        An endpoint that has failed since before `lasting_since` is disabled, and what it still had
        to be told is given up.
        """
        now = self._clock.now()
        async with self._database.transaction() as connection:
            await connection.execute(
                delivery_sql.RECORD,
                {
                    "ids": [one.id for one in tried],
                    "tried": [one.tried for one in tried],
                    "states": [one.state.value for one in tried],
                    "due": [one.due_at for one in tried],
                    "statuses": [one.status for one in tried],
                    "faults": [one.fault for one in tried],
                    "excerpts": [one.excerpt for one in tried],
                    "took": [one.took_s for one in tried],
                    "now": now,
                },
            )
            return await self._judge(connection, verdicts, now, lasting_since)

    async def _judge(
        self,
        connection: AsyncConnection,
        verdicts: Sequence[Verdict],
        now: datetime,
        lasting_since: datetime,
    ) -> list[SwitchedOff]:
        if not verdicts:
            return []
        rows = await connection.execute(
            delivery_sql.JUDGE,
            {
                "ids": [one.webhook_id for one in verdicts],
                "answered": [one.answered for one in verdicts],
                "failures": [one.failures for one in verdicts],
                "rests": [one.rest_s for one in verdicts],
                "gone": [one.gone for one in verdicts],
                "patience": self._patience.failures,
                "longest_s": self._patience.longest_rest_s,
                "lasting_since": lasting_since,
                "now": now,
            },
        )
        off = [SwitchedOff(row.id, row.name, row.disabled_by) for row in rows]
        if off:
            await connection.execute(
                delivery_sql.GIVE_UP, {"ids": [one.id for one in off], "now": now}
            )
        return off

    async def add_test(self, webhook_id: UUID, *, by: str) -> UUID:
        """Have a `webhook.test` sent to an endpoint; the delivery's id."""
        delivery_id, now = uuid4(), self._clock.now()
        async with self._database.transaction() as connection:
            await connection.execute(
                webhook_deliveries.insert().values(
                    id=delivery_id,
                    webhook_id=webhook_id,
                    event=WebhookEvent.WEBHOOK_TEST.value,
                    about={"by": by},
                    at=now,
                    due_at=now,
                )
            )
        return delivery_id

    async def replay(
        self,
        webhook_id: UUID,
        *,
        ids: Sequence[UUID] | None = None,
        state: DeliveryState | None = None,
        since: datetime | None = None,
    ) -> list[UUID]:
        """Send again what is over: those of `ids`, or all of a state, or all since a moment."""
        async with self._database.transaction() as connection:
            rows = await connection.execute(
                delivery_sql.REPLAY,
                {
                    "webhook_id": webhook_id,
                    "ids": None if ids is None else list(ids),
                    "state": state and state.value,
                    "since": since,
                    "now": self._clock.now(),
                },
            )
            return [row.id for row in rows]

    async def give_up(self, webhook_id: UUID) -> None:
        """End what is pending for an endpoint that somebody has disabled."""
        async with self._database.transaction() as connection:
            await connection.execute(
                delivery_sql.GIVE_UP, {"ids": [webhook_id], "now": self._clock.now()}
            )
