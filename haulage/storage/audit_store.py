"""Who asked for what: an append-only table.

An entry is written before what it tells of is done: a process that dies in between leaves an entry
too many, never one too few.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from pydantic_core import to_json
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


_FIELDS = tuple(one.name for one in fields(Entry))
_COLUMNS = "id, at, tenant, subject, caller_user, caller_key, address, action, target, request_id"
# Twice the same id is the same entry: a batch is tried again after a lost answer. One JSON text, as
# jobs are inserted: the driver writes arrays element by element in Python.
_APPEND = sa.text(f"""
INSERT INTO audit ({_COLUMNS})
SELECT * FROM json_to_recordset(CAST(:entries AS json)) AS entry (
    id uuid, at timestamptz, tenant text, subject text, "user" text, key text,
    address text, action text, target text, request_id text)
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
        async with self._database.statement() as connection:
            await connection.execute(_APPEND, {"entries": _text_of(entries)})
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


def _text_of(entries: Sequence[Entry]) -> str:
    rows = [
        {name: storable(its) if isinstance(its, str) else its for name, its in _fields_of(entry)}
        for entry in entries
    ]
    return to_json(rows).decode()


def _fields_of(entry: Entry) -> Iterator[tuple[str, object]]:
    return ((name, getattr(entry, name)) for name in _FIELDS)


async def _whose(connection: AsyncConnection, actor: str) -> tuple[sa.TextClause, dict[str, str]]:
    """How the entries of `actor` are found. A token's subject may look like a key's id."""
    found = (await connection.execute(_KEY, {"actor": actor})).first()
    if found is None:
        return _BY_SUBJECT, {"subject": actor}
    return _BY_KEY, {"subject": found[0], "key": found[1]}
