"""Parents and children: a handler's spawned jobs, and the sweep that keeps families consistent.

Children are inserted together with the step that remembers their ids, under the parent's lease: a
crash leaves both or neither, and a resumed parent finds the same children.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from haulage.domain.clock import Clock
from haulage.domain.job import NewJob
from haulage.domain.lifecycle import State
from haulage.storage.blobs import Blobs
from haulage.storage.database import Database
from haulage.storage.family_progress import FamilyProgress
from haulage.storage.job_inserts import insert_in
from haulage.storage.job_sql import LOCK, TERMINAL_STATES, WAKE_PARENTS
from haulage.storage.sealing import opened_value
from haulage.storage.step_store import SAVE, FinishedStep, step_columns

_CHILDREN = sa.text("""
SELECT id, state, CAST(result AS text) AS result, result_ref, error FROM jobs
WHERE id = ANY(CAST(:ids AS uuid[]))
""")

_LIVE_CHILDREN = sa.text(f"""
SELECT id FROM jobs
WHERE parent_id = ANY(CAST(:ids AS uuid[])) AND state NOT IN ({TERMINAL_STATES})
""")  # noqa: S608 - the states are ours

# Parents whose last children ended by other ways than a settlement (rescue, deadline, cancel).
_READY_PARENTS = sa.text(f"""
SELECT id FROM jobs AS parent
WHERE state = 'waiting' AND NOT EXISTS (
    SELECT 1 FROM jobs AS child
    WHERE child.parent_id = parent.id AND child.state NOT IN ({TERMINAL_STATES}))
LIMIT :limit
""")  # noqa: S608 - the states are ours

_ORPHANS = sa.text(f"""
SELECT child.id FROM jobs AS child JOIN jobs AS parent ON parent.id = child.parent_id
WHERE child.parent_id IS NOT NULL AND child.state NOT IN ({TERMINAL_STATES})
  AND parent.state IN ({TERMINAL_STATES}) AND child.cancel_requested_at IS NULL
LIMIT :limit
""")  # noqa: S608 - the states are ours


@dataclass(frozen=True, slots=True)
class ChildRow:
    """A child as its parent sees it; `result` is JSON text."""

    id: UUID
    state: State
    result: str | None
    error: dict[str, object] | None


class FamilyStore:
    """What concerns a job and those it spawned."""

    def __init__(self, database: Database, blobs: Blobs, clock: Clock) -> None:
        self.progress = FamilyProgress(database, clock)
        self._database = database
        self._blobs = blobs
        self._clock = clock

    async def spawn(self, step: FinishedStep, children: Sequence[NewJob]) -> bool:
        """Insert `children` and remember them as `step`; False: the parent's lease is lost."""
        now = self._clock.now()
        async with self._database.transaction() as connection:
            rows = await connection.execute(
                SAVE, {**step_columns([step], self._database.sealer), "now": now}
            )
            if not rows.all():
                return False
            await insert_in(connection, children, now=now, sealer=self._database.sealer)
            return True

    async def children(self, ids: Sequence[UUID]) -> dict[UUID, ChildRow]:
        """The children by id, with the results of those that succeeded."""
        async with self._database.reading() as connection:
            rows = (await connection.execute(_CHILDREN, {"ids": list(ids)})).all()
        found = {}
        for row in rows:
            state = State(row.state)
            result = None
            if state is State.SUCCEEDED:
                result = await self._blobs.fetch(row.result, row.result_ref)
            found[row.id] = ChildRow(
                row.id, state, result, opened_value(row.error, self._database.sealer)
            )
        return found

    async def live_children(self, ids: Sequence[UUID]) -> list[UUID]:
        """The children of these jobs that are not over."""
        async with self._database.reading() as connection:
            return [row.id for row in await connection.execute(_LIVE_CHILDREN, {"ids": list(ids)})]

    async def wake_ready(self, *, limit: int) -> list[UUID]:
        """Queue parents that wait although all their children are over; which."""
        async with self._database.transaction() as connection:
            ids = [row.id for row in await connection.execute(_READY_PARENTS, {"limit": limit})]
            if not ids:
                return []
            await connection.execute(LOCK, {"ids": ids})
            woken = await connection.execute(WAKE_PARENTS, {"ids": ids, "now": self._clock.now()})
            return [row.id for row in woken]

    async def orphans(self, *, limit: int) -> list[UUID]:
        """Live children of parents that are over: nobody waits for them any more."""
        async with self._database.reading() as connection:
            return [row.id for row in await connection.execute(_ORPHANS, {"limit": limit})]
