"""Who asked for what: an append-only table.

An entry is written before what it tells of is done: a process that dies in between leaves an entry
too many, never one too few.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from haulage.storage.database import Database
from haulage.storage.json_text import storable


@dataclass(frozen=True, slots=True)
class Entry:
    """One request to change something, by somebody who was let in.

    `action` is the method and the route, `target` the path asked for; a submit's jobs are found by
    their `request_id`. `key` is the id of the API key, `user` the subject of a token.
    """

    id: UUID
    at: datetime
    tenant: str
    subject: str
    user: str | None
    key: str | None
    address: str
    action: str
    target: str
    request_id: str


_COLUMNS = "id, at, tenant, subject, caller_user, caller_key, address, action, target, request_id"
# Twice the same id is the same entry: a batch is tried again after a lost answer.
_APPEND = sa.text(f"""
INSERT INTO audit ({_COLUMNS})
SELECT * FROM unnest(
    CAST(:id AS uuid[]), CAST(:at AS timestamptz[]), CAST(:tenant AS text[]),
    CAST(:subject AS text[]), CAST(:user AS text[]), CAST(:key AS text[]),
    CAST(:address AS text[]), CAST(:action AS text[]), CAST(:target AS text[]),
    CAST(:request_id AS text[]))
ON CONFLICT DO NOTHING
""")  # noqa: S608 - our own columns
# What is said of a job: its own paths, and the request that brought it in.
_PAGE = sa.text(f"""
SELECT {_COLUMNS} FROM audit
WHERE (CAST(:tenant AS text) IS NULL OR tenant = :tenant)
  AND (CAST(:before AS uuid) IS NULL OR id < :before)
  AND (CAST(:job AS uuid) IS NULL
       OR request_id = (SELECT request_id FROM jobs WHERE id = :job AND tenant = audit.tenant)
       OR target LIKE '%/' || CAST(:job AS text) || '/%'
       OR target LIKE '%/' || CAST(:job AS text))
ORDER BY id DESC LIMIT :limit
""")  # noqa: S608


class AuditStore:
    """The table; nothing here changes an entry, and a trigger lets nobody else."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, entries: Sequence[Entry]) -> list[None]:
        """Write all or none."""
        columns: dict[str, list[object]] = {one.name: [] for one in fields(Entry)}
        for entry in entries:
            for name, value in asdict(entry).items():
                columns[name].append(storable(value) if isinstance(value, str) else value)
        async with self._database.statement() as connection:
            await connection.execute(_APPEND, columns)
        return [None] * len(entries)

    async def page(
        self, *, tenant: str | None, job: UUID | None, before: UUID | None, limit: int
    ) -> list[Entry]:
        """Newest first; of one tenant or all, of one job or all."""
        asked = {"tenant": tenant, "job": job, "before": before, "limit": limit}
        async with self._database.reading() as connection:
            return [Entry(*row) for row in await connection.execute(_PAGE, asked)]
