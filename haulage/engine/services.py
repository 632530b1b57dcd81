"""What the engine's parts share in one process: the stores, each behind its batcher."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from haulage.accounts.credits import Till
from haulage.domain.caps import Caps, uncapped
from haulage.domain.clock import SystemClock
from haulage.domain.job import Lease, NewJob
from haulage.domain.job_type import Registry
from haulage.domain.language_model import Models, NoModels
from haulage.domain.ports import Doorbell, EventBell, FreeRoad, Traffic, WorkerBell
from haulage.engine.batcher import Batcher, patiently
from haulage.engine.depths import Depths
from haulage.engine.job_spans import tell_claims
from haulage.storage.blobs import Blobs
from haulage.storage.credit_store import CreditStore
from haulage.storage.database import Database
from haulage.storage.decision_store import DecisionStore
from haulage.storage.dispatch_store import DispatchStore
from haulage.storage.event_store import EventStore, Note
from haulage.storage.family_store import FamilyStore
from haulage.storage.file_store import FileStore
from haulage.storage.idempotency_store import IdempotencyStore, Kept, Keyed
from haulage.storage.job_inserts import are_plain
from haulage.storage.job_store import JobStore
from haulage.storage.queue_reads import QueueReads
from haulage.storage.queue_store import QueueStore
from haulage.storage.settlement import Settlement
from haulage.storage.step_store import FinishedStep, StepStore
from haulage.storage.worker_store import WorkerStore
from haulage.telemetry import tracing

# A submit that finds PostgreSQL away waits this long before it answers 503.
SUBMIT_PATIENCE_S = 2.0


@dataclass(frozen=True)
class Services:
    """Built once for each event loop (wiring.py); the batchers belong to that loop."""

    database: Database
    clock: SystemClock
    registry: Registry
    jobs: JobStore
    dispatch: DispatchStore
    events: EventStore
    steps: StepStore
    files: FileStore
    workers: WorkerStore
    blobs: Blobs
    doorbell: Doorbell
    event_bell: EventBell
    worker_bell: WorkerBell
    models: Models = field(default_factory=NoModels)
    traffic: Traffic = field(default_factory=FreeRoad)
    caps: Callable[[], Caps] = uncapped

    families: FamilyStore = field(init=False)
    decisions: DecisionStore = field(init=False)
    queues: QueueStore = field(init=False)
    depths: Depths = field(init=False)
    keys: IdempotencyStore = field(init=False)
    credits: CreditStore = field(init=False)
    till: Till = field(init=False)
    inserts: Batcher[NewJob, None] = field(init=False)
    keyed_inserts: Batcher[Keyed, Kept | None] = field(init=False)
    settlements: Batcher[Settlement, bool] = field(init=False)
    notes: Batcher[Note, bool] = field(init=False)
    finished_steps: Batcher[FinishedStep, bool] = field(init=False)

    def __post_init__(self) -> None:
        families = FamilyStore(self.database, self.blobs, self.clock)
        object.__setattr__(self, "families", families)
        object.__setattr__(self, "decisions", DecisionStore(self.database, self.clock))
        object.__setattr__(self, "queues", QueueStore(self.database, self.clock))
        object.__setattr__(self, "depths", Depths(QueueReads(self.database), self.clock))
        object.__setattr__(self, "keys", IdempotencyStore(self.database, self.clock))
        object.__setattr__(self, "credits", CreditStore(self.database, self.clock))
        object.__setattr__(self, "till", Till(self.credits, self.files, self.registry))
        # What a worker has finished is kept in hand for as long as PostgreSQL is away: the fence
        # decides when it is back.
        object.__setattr__(
            self, "inserts", Batcher("insert", self._insert, patience_s=SUBMIT_PATIENCE_S)
        )
        object.__setattr__(
            self,
            "keyed_inserts",
            Batcher("insert_keyed", self.keys.insert_new, patience_s=SUBMIT_PATIENCE_S),
        )
        object.__setattr__(
            self, "settlements", Batcher("settle", self.jobs.settle, patience_s=None)
        )
        object.__setattr__(self, "notes", Batcher("notes", self.events.append, patience_s=None))
        object.__setattr__(
            self, "finished_steps", Batcher("steps", self.steps.save, patience_s=None)
        )

    async def insert_all(self, jobs: Sequence[NewJob]) -> None:
        """Insert all or none; again after a lost answer, which changes nothing if it landed."""
        await patiently(lambda: self.jobs.insert(jobs), patience_s=SUBMIT_PATIENCE_S)

    async def insert_once(self, asked: Keyed) -> Kept:
        """Insert all of its jobs or none, unless its key came before; what is kept under it then.

        Raises what `IdempotencyStore.insert` does.
        """
        if asked.jobs and are_plain(asked.jobs):
            kept = await self.keyed_inserts.submit(asked)
            if kept is not None:
                return kept
        return await self.keys.insert(asked)

    async def _insert(self, jobs: list[NewJob]) -> list[None]:
        await self.jobs.insert(jobs)
        return [None] * len(jobs)

    async def claim(
        self, ids: list[UUID], *, worker_id: UUID, worker_pid: int, alone: bool = False
    ) -> list[Lease]:
        """Claim and tell the streams; `alone`: the process runs nothing else meanwhile."""
        began_ns = time.time_ns()
        leases = await self.jobs.claim(ids, worker_id=worker_id, worker_pid=worker_pid, alone=alone)
        if tracing.is_on():
            tell_claims(leases, began_ns=began_ns)
        self.event_bell.rang(lease.job_id for lease in leases)
        return leases

    async def calibrate(self) -> None:
        """Agree with PostgreSQL on the time."""
        await self.database.calibrate(self.clock)

    async def drain(self) -> None:
        """Wait until every batcher is empty."""
        for batcher in (
            self.inserts,
            self.keyed_inserts,
            self.notes,
            self.finished_steps,
            self.settlements,
        ):
            await batcher.drain()
