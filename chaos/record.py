"""Everything that is known after a run: the tables, the ledger, and what the submitter was told."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chaos import ledger
from chaos.faults import Wound
from chaos.ledger import Entry
from chaos.load import Asked
from chaos.system import System


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a job; `at` in Unix seconds. `data` is None unless it is a state event."""

    seq: int
    kind: str
    at: float
    data: dict[str, Any] | None

    @property
    def state(self) -> str | None:
        """The state it says; None for progress and logs."""
        return None if self.data is None else str(self.data["state"])


@dataclass(frozen=True, slots=True)
class JobRow:
    """What the tables say of a job in the end."""

    id: UUID
    type: str
    state: str
    fence: int
    settled_fence: int | None
    event_seq: int
    parent_id: UUID | None
    key: int
    result: dict[str, Any] | None
    error: dict[str, Any] | None


@dataclass(frozen=True)
class Record:
    """One run. `steps` has the fence under which each step of each job was stored."""

    jobs: dict[UUID, JobRow]
    events: dict[UUID, list[Event]]
    steps: dict[UUID, dict[str, int]]
    entries: Sequence[Entry]
    asked: Sequence[Asked]
    wounds: Sequence[Wound]


async def read(system: System, asked: Sequence[Asked], wounds: Sequence[Wound]) -> Record:
    """Read everything; the run is over."""
    rows = await system.query(
        "SELECT id, type, state, fence, settled_fence, event_seq, parent_id,"
        " (input->>'key')::int, result, error FROM jobs WHERE type LIKE 'chaos.%%'"
    )
    jobs = {row[0]: JobRow(*row) for row in rows}
    events: dict[UUID, list[Event]] = defaultdict(list)
    for job_id, seq, kind, at, data in await system.query(
        "SELECT job_id, seq, kind, extract(epoch FROM at)::float8,"
        " CASE kind WHEN 'state' THEN data END FROM events ORDER BY job_id, seq"
    ):
        events[job_id].append(Event(seq, kind, at, data))
    steps: dict[UUID, dict[str, int]] = defaultdict(dict)
    for job_id, name, fence in await system.query(
        # That children were spawned is a step too, but no handler's.
        "SELECT job_id, name, fence FROM steps WHERE key NOT LIKE '%%@children:%%'"
    ):
        steps[job_id][name] = fence
    return Record(jobs, events, steps, ledger.read(system.ledger), asked, wounds)
