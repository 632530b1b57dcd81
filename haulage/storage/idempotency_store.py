"""Idempotency keys: a submit that is sent again finds the jobs of the first time.

The key and its jobs are written in one transaction, or in one statement where nothing else belongs
to them. Whoever comes while it is under way is told so at once instead of waiting for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from pydantic_core import to_json

from haulage.domain.clock import Clock
from haulage.domain.errors import IdempotencyConflict, IdempotencyMismatch
from haulage.domain.job import NewJob
from haulage.storage.database import Database
from haulage.storage.insert_sql import INSERT_KEYED, TRY_LOCK
from haulage.storage.job_inserts import insert_in, rows_text
from haulage.storage.tables import idempotency_keys as keys

# Built once: SQLAlchemy takes longer to build a statement and to find it again than to send it.
_ITS = sa.and_(keys.c.tenant == sa.bindparam("tenant"), keys.c.key == sa.bindparam("key"))
_KNOWN = sa.select(keys.c.fingerprint, keys.c.job_ids, keys.c.expires_at).where(
    _ITS, keys.c.expires_at > sa.bindparam("now")
)
_FORGET = keys.delete().where(_ITS, keys.c.expires_at <= sa.bindparam("now"))


@dataclass(frozen=True, slots=True)
class Keyed:
    """Jobs of `tenant` to be inserted once under `key`; `fingerprint` is a digest of the whole
    request."""

    key: str
    fingerprint: str
    jobs: Sequence[NewJob]
    tenant: str

    @property
    def job_ids(self) -> tuple[UUID, ...]:
        """In the order of the jobs."""
        return tuple(job.id for job in self.jobs)


@dataclass(frozen=True, slots=True)
class Kept:
    """The jobs that belong to a key, whether they are from an earlier time, and until when."""

    job_ids: tuple[UUID, ...]
    replayed: bool
    expires_at: datetime


class IdempotencyStore:
    """Keys of one installation, each tenant's apart. A key counts for `ttl_s` seconds."""

    def __init__(self, database: Database, clock: Clock, *, ttl_s: float = 24 * 3600) -> None:
        self._database = database
        self._clock = clock
        self._ttl_s = ttl_s

    async def insert_new(self, asked: Sequence[Keyed]) -> list[Kept | None]:
        """Insert the jobs of those keys that are new, by one statement; for each what is kept under
        it. None: nothing was stored, and `insert` says why. For jobs that are plain
        (`job_inserts.py`).
        """
        now = self._clock.now()
        expires_at = self._expiry(now)
        keys_ = [
            {
                "tenant": one.tenant,
                "key": one.key,
                "fingerprint": one.fingerprint,
                "job_ids": [job.id for job in one.jobs],
                "expires_at": expires_at,
            }
            for one in asked
        ]
        jobs = chain.from_iterable(one.jobs for one in asked)
        given = {
            "keys": to_json(keys_).decode(),
            "rows": rows_text(jobs, now, self._database.sealer),
            "now": now,
        }
        async with self._database.statement() as connection:
            firsts = set((await connection.execute(INSERT_KEYED, given)).scalars())
        return [
            Kept(one.job_ids, replayed=False, expires_at=expires_at)
            if one.job_ids[0] in firsts
            else None
            for one in asked
        ]

    async def insert(self, asked: Keyed) -> Kept:
        """Insert the jobs under their key, or find what was inserted under it before.

        Raises `IdempotencyMismatch` when the key came with another request, `IdempotencyConflict`
        while the first request is still under way, and what `insert_in` raises.
        """
        now = self._clock.now()
        async with self._database.transaction() as connection:
            named = {"tenant": asked.tenant, "key": asked.key}
            if not await connection.scalar(TRY_LOCK, named):
                raise IdempotencyConflict("A request with this idempotency key is under way.")
            await connection.execute(_FORGET, {**named, "now": now})
            known = (await connection.execute(_KNOWN, {**named, "now": now})).one_or_none()
            if known is not None:
                return _replay(known, asked.fingerprint, by=asked.job_ids)
            await insert_in(connection, asked.jobs, now=now, sealer=self._database.sealer)
            kept = Kept(asked.job_ids, replayed=False, expires_at=self._expiry(now))
            await connection.execute(
                keys.insert().values(
                    tenant=asked.tenant,
                    key=asked.key,
                    fingerprint=asked.fingerprint,
                    job_ids=list(kept.job_ids),
                    created_at=now,
                    expires_at=kept.expires_at,
                )
            )
            return kept

    async def find(self, key: str, fingerprint: str, *, tenant: str) -> Kept | None:
        """What was inserted under `key` before; raises `IdempotencyMismatch`."""
        named = {"tenant": tenant, "key": key, "now": self._clock.now()}
        async with self._database.reading() as connection:
            known = (await connection.execute(_KNOWN, named)).one_or_none()
        return None if known is None else _replay(known, fingerprint)

    def _expiry(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self._ttl_s)


def _replay(known: sa.Row[Any, Any, Any], fingerprint: str, *, by: Sequence[UUID] = ()) -> Kept:
    """What is `known`. To whom tries again because an answer was lost it is no replay: the jobs are
    those that he brings."""
    if known.fingerprint != fingerprint:
        raise IdempotencyMismatch(
            "This idempotency key came with another request before. Take a new key for a new "
            "request; send the same request to find its jobs."
        )
    job_ids = tuple(known.job_ids)
    return Kept(job_ids, replayed=job_ids != tuple(by), expires_at=known.expires_at)
