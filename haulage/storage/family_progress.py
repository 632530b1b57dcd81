"""How far a family is: a waiting parent's progress counts the children that are over.

Where the progress is the family's, that is: its `step` is the name that `Context.children` was
given, and its `total` is known. What is no longer alive is done; how much of it failed the handler
says in the end, which knows what that means.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from haulage.domain.clock import Clock
from haulage.domain.job import Progress
from haulage.storage.database import Database
from haulage.storage.job_sql import TERMINAL_STATES
from haulage.storage.json_text import dumps
from haulage.storage.sealing import opened_value

_WAITING = sa.text("""
SELECT id, run, event_seq, progress FROM jobs
WHERE state = 'waiting' AND progress IS NOT NULL
LIMIT :limit
""")

_LIVING = sa.text(f"""
SELECT wanted.id, living.number
FROM unnest(CAST(:ids AS uuid[]), CAST(:keys AS text[])) AS wanted (id, key)
CROSS JOIN LATERAL (
    SELECT count(*) AS number FROM jobs AS child
    WHERE child.parent_id = wanted.id AND child.state NOT IN ({TERMINAL_STATES})
    OFFSET 0
) AS living
WHERE EXISTS (SELECT 1 FROM steps WHERE steps.job_id = wanted.id AND steps.key = wanted.key)
""")  # noqa: S608 - the states are ours

# A parent that has moved since it was looked at knows better.
_TELL = sa.text("""
WITH item AS (
    SELECT * FROM unnest(
        CAST(:ids AS uuid[]), CAST(:seqs AS bigint[]), CAST(:texts AS text[])
    ) AS t (id, seq, text)
), held AS (
    SELECT jobs.id, item.text FROM item JOIN jobs ON jobs.id = item.id
    WHERE jobs.state = 'waiting' AND jobs.event_seq = item.seq
    ORDER BY jobs.id
    FOR UPDATE OF jobs SKIP LOCKED
), told AS (
    UPDATE jobs SET progress = CAST(held.text AS json), event_seq = event_seq + 1
    FROM held WHERE jobs.id = held.id
    RETURNING jobs.id, event_seq, progress
), noted AS (
    INSERT INTO events (job_id, seq, kind, at, data)
    SELECT id, event_seq, 'progress', :now, progress FROM told
)
SELECT id FROM told
""")


@dataclass(frozen=True, slots=True)
class _Waiting:
    id: UUID
    family: str
    seq: int
    progress: Progress


class FamilyProgress:
    """Reads and writes it; `family_key` names the step that remembers a family."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def tell(self, *, limit: int) -> list[UUID]:
        """Bring the progress of at most `limit` waiting parents up to date; whose has changed."""
        async with self._database.reading() as connection:
            rows = (await connection.execute(_WAITING, {"limit": limit})).all()
            waiting = list(self._counting(rows))
            if not waiting:
                return []
            wanted = {"ids": [one.id for one in waiting], "keys": [one.family for one in waiting]}
            living = {row.id: row.number for row in await connection.execute(_LIVING, wanted)}
        further = list(_further(waiting, living))
        if not further:
            return []
        sealer = self._database.sealer
        given = {
            "ids": [one.id for one in further],
            "seqs": [one.seq for one in further],
            "texts": [sealer.seal(dumps(one.progress)) for one in further],
            "now": self._clock.now(),
        }
        async with self._database.transaction() as connection:
            return [row.id for row in await connection.execute(_TELL, given)]

    def _counting(self, rows: Sequence[Any]) -> Iterator[_Waiting]:
        for row in rows:
            progress = Progress(**opened_value(row.progress, self._database.sealer))
            if progress.total and progress.step:
                key = family_key(progress.step, row.run)
                yield _Waiting(row.id, key, row.event_seq, progress)


def family_key(name: str, run: int) -> str:
    """The key of the step that remembers the children called `name` of a job's run."""
    return f"{name}@children:{run}"


def _further(waiting: Sequence[_Waiting], living: Mapping[UUID, int]) -> Iterator[_Waiting]:
    for one in waiting:
        now, total = one.progress, one.progress.total or 0
        done = total - now.failed - living.get(one.id, total)
        if done > now.done:
            percent = 100.0 * (done + now.failed) / total
            yield replace(one, progress=replace(now, done=done, percent=percent))
