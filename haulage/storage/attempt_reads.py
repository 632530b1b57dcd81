"""A job's attempts, folded from its events: what was tried, when, and how it ended.

An attempt is what counts against `max_attempts`, and what a worker's death cut short. Where it was
put aside in between (a snooze, children, a shutdown) it goes on under the next fence and stays one
attempt; `duration_s` leaves the pauses out. A retry, an end or a death closes it. `worker_id` and
`peak_rss_bytes` are known of the one that runs and of those that a death ended.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from haulage.domain.lifecycle import Reason, State
from haulage.storage.database import Database

# Of one job; who retries more often than this learns of the first ones.
MOST_EVENTS = 10_000

_EVENTS = sa.text("""
SELECT at, CAST(data AS text) AS data FROM events
WHERE job_id = :job_id AND kind = 'state' ORDER BY seq LIMIT :most
""")

_DEATHS = sa.text("""
SELECT fence, worker_id, peak_rss_bytes FROM crashes WHERE job_id = :job_id
UNION ALL
SELECT fence, worker_id, NULL FROM jobs WHERE id = :job_id AND worker_id IS NOT NULL
""")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt. `outcome` is running, paused, retry, crashed, or the state that it ended in."""

    number: int
    run: int
    # Of its last piece; it ran under `pieces` of them.
    fence: int
    started_at: datetime
    ended_at: datetime | None
    duration_s: float
    outcome: str
    pieces: int = 1
    # Why it is paused or was rescued, in the job's words.
    reason: str | None = None
    error: dict[str, object] | None = None
    worker_id: UUID | None = None
    peak_rss_bytes: int | None = None


class AttemptReads:
    """Reads attempts. Nothing here writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, job_id: UUID) -> list[Attempt]:
        """The attempts of all runs, in their order; none of a job that never ran."""
        async with self._database.reading() as connection:
            events = await connection.execute(_EVENTS, {"job_id": job_id, "most": MOST_EVENTS})
            told = [(row.at, json.loads(self._database.sealer.open(row.data))) for row in events]
            deaths = await connection.execute(_DEATHS, {"job_id": job_id})
            workers = {row.fence: (row.worker_id, row.peak_rss_bytes) for row in deaths}
        known = []
        for one in fold(told):
            worker_id, peak = workers.get(one.fence, (None, None))
            known.append(replace(one, worker_id=worker_id, peak_rss_bytes=peak))
        return known


def fold(events: Iterable[tuple[datetime, dict[str, Any]]]) -> list[Attempt]:
    """The attempts that these state events, in their order, tell of."""
    attempts: list[Attempt] = []
    run = 1
    piece_from: datetime | None = None
    is_open = False
    for at, told in events:
        run = told.get("run", run)
        if told["state"] == State.RUNNING:
            piece_from = at
            if is_open:
                attempts[-1] = replace(
                    attempts[-1], fence=told["fence"], pieces=attempts[-1].pieces + 1,
                    outcome="running", ended_at=None, reason=None,
                )  # fmt: skip
            else:
                attempts.append(
                    Attempt(told["attempt"], run, told["fence"], at, None, 0.0, "running")
                )
            is_open = True
        elif is_open and (outcome := _outcome(told)) is not None:
            last = attempts[-1]
            spent_s = (at - piece_from).total_seconds() if piece_from is not None else 0.0
            attempts[-1] = replace(
                last, ended_at=None if outcome == "paused" else at, outcome=outcome,
                duration_s=last.duration_s + spent_s, reason=told.get("reason"),
                error=told.get("error"),
            )  # fmt: skip
            piece_from = None
            is_open = outcome == "paused"
    return attempts


def _outcome(told: dict[str, Any]) -> str | None:
    """What an event makes of an attempt that is open; None: nothing."""
    state, reason = told["state"], told.get("reason")
    if reason in (Reason.RESCUED, Reason.QUARANTINED):
        return "crashed"
    match state:
        case State.QUEUED:
            return None
        case State.SCHEDULED:
            return "retry" if reason == Reason.RETRY else "paused"
        case State.WAITING:
            return "paused"
        case _:
            return str(state)
