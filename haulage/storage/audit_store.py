"""Who asked for what: an append-only table.

An entry is written before what it tells of is done: a process that dies in between leaves an entry
too many, never one too few.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

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
_WANTED = """
  (CAST(:tenant AS text) IS NULL OR tenant = :tenant)
  AND (CAST(:before AS uuid) IS NULL OR id < :before)
  AND (CAST(:job AS uuid) IS NULL
       OR request_id = (SELECT request_id FROM jobs WHERE id = :job AND tenant = audit.tenant)
       OR target LIKE '%/' || CAST(:job AS text) || '/%'
       OR target LIKE '%/' || CAST(:job AS text))
"""
_PAGE = sa.text(f"""
SELECT {_COLUMNS} FROM audit WHERE {_WANTED} ORDER BY id DESC LIMIT :limit
""")  # noqa: S608
# There are few actions, so the index is leapt through from one to the next, and the newest entries
# of each that is meant are read: what is rare is found as quickly as what is not.
_NARROWED = """
WITH RECURSIVE actions AS (
    (SELECT action FROM audit WHERE {whose} ORDER BY action LIMIT 1)
    UNION ALL
    SELECT (SELECT audit.action FROM audit WHERE {whose} AND audit.action > actions.action
            ORDER BY audit.action LIMIT 1)
    FROM actions WHERE actions.action IS NOT NULL
)
SELECT {columns} FROM (
    SELECT found.* FROM actions CROSS JOIN LATERAL (
        SELECT audit.* FROM audit
        WHERE {whose} AND audit.action = actions.action AND {wanted}
        ORDER BY id DESC LIMIT :limit
    ) AS found
    WHERE strpos(lower(actions.action), lower(:action)) > 0
) AS entries
ORDER BY id DESC LIMIT :limit
"""
_BY_ACTION, _BY_SUBJECT, _BY_KEY = (
    sa.text(_NARROWED.format(whose=whose, columns=_COLUMNS, wanted=_WANTED))
    for whose in ("true", "subject = :subject", "subject = :subject AND caller_key = :key")
)
_KEY = sa.text("SELECT name, id::text FROM api_keys WHERE id::text = lower(:actor)")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries; what is None does not filter.

    `actor` is the id of an API key or else a subject, `action` a part of an action, in any case.
    """

    tenant: str | None = None
    job: UUID | None = None
    actor: str | None = None
    action: str | None = None


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

    async def page(self, wanted: Wanted, *, before: UUID | None, limit: int) -> list[Entry]:
        """Newest first."""
        asked = {"tenant": wanted.tenant, "job": wanted.job, "before": before, "limit": limit}
        async with self._database.reading() as connection:
            statement = _PAGE
            if wanted.actor is not None:
                statement, whose = await _whose(connection, wanted.actor)
                asked |= whose
            elif wanted.action is not None:
                statement = _BY_ACTION
            asked["action"] = wanted.action or ""
            return [Entry(*row) for row in await connection.execute(statement, asked)]


async def _whose(connection: AsyncConnection, actor: str) -> tuple[sa.TextClause, dict[str, str]]:
    """How the entries of `actor` are found. A token's subject may look like a key's id."""
    found = (await connection.execute(_KEY, {"actor": actor})).first()
    if found is None:
        return _BY_SUBJECT, {"subject": actor}
    return _BY_KEY, {"subject": found[0], "key": found[1]}
