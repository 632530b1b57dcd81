"""Idempotency keys: a submit that is sent again finds the jobs of the first time.

The key and its jobs are written in one transaction. Whoever comes while that transaction is open
is told so at once instead of waiting for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from haulage.domain.clock import Clock
from haulage.domain.errors import IdempotencyConflict, IdempotencyMismatch
from haulage.domain.job import NewJob
from haulage.storage.database import Database
from haulage.storage.job_store import insert_in
from haulage.storage.tables import idempotency_keys as keys

_KNOWN = sa.select(keys.c.fingerprint, keys.c.job_ids, keys.c.expires_at)
_TRY_LOCK = sa.text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")


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

    async def insert(
        self, key: str, fingerprint: str, jobs: Sequence[NewJob], *, tenant: str
    ) -> Kept:
        """Insert `jobs` under `key`, or find what was inserted under it before.

        `fingerprint` is a digest of the whole request. Raises `IdempotencyMismatch` when the key
        came with another one, `IdempotencyConflict` while the first request is still under way.
        """
        now = self._clock.now()
        async with self._database.transaction() as connection:
            # The tenant's length keeps ("ab", "c") and ("a", "bc") apart.
            name = f"{len(tenant)}:{tenant}:{key}"
            if not await connection.scalar(_TRY_LOCK, {"name": name}):
                raise IdempotencyConflict("A request with this idempotency key is under way.")
            known = await self._known(connection, key, tenant=tenant, now=now)
            if known is not None:
                return _replay(known, fingerprint)
            await insert_in(connection, jobs, now=now, sealer=self._database.sealer)
            kept = Kept(
                tuple(job.id for job in jobs),
                replayed=False,
                expires_at=now + timedelta(seconds=self._ttl_s),
            )
            await connection.execute(
                keys.insert().values(
                    tenant=tenant,
                    key=key,
                    fingerprint=fingerprint,
                    job_ids=list(kept.job_ids),
                    created_at=now,
                    expires_at=kept.expires_at,
                )
            )
            return kept

    async def find(self, key: str, fingerprint: str, *, tenant: str) -> Kept | None:
        """What was inserted under `key` before; raises `IdempotencyMismatch`."""
        async with self._database.reading() as connection:
            rows = await connection.execute(
                _KNOWN.where(
                    keys.c.tenant == tenant,
                    keys.c.key == key,
                    keys.c.expires_at > self._clock.now(),
                )
            )
            known = rows.one_or_none()
        return None if known is None else _replay(known, fingerprint)

    async def _known(
        self, connection: AsyncConnection, key: str, *, tenant: str, now: datetime
    ) -> sa.Row[Any, Any, Any] | None:
        where = sa.and_(keys.c.tenant == tenant, keys.c.key == key)
        await connection.execute(keys.delete().where(where, keys.c.expires_at <= now))
        rows = await connection.execute(_KNOWN.where(where))
        return rows.one_or_none()


def _replay(known: sa.Row[Any, Any, Any], fingerprint: str) -> Kept:
    if known.fingerprint != fingerprint:
        raise IdempotencyMismatch(
            "This idempotency key came with another request before. Take a new key for a new "
            "request; send the same request to find its jobs."
        )
    return Kept(tuple(known.job_ids), replayed=True, expires_at=known.expires_at)
