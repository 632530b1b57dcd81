"""API keys: made, found by their digest, revoked, replaced. The key itself never comes here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import Row

from haulage.domain.clock import Clock
from haulage.storage.database import Database
from haulage.storage.json_text import storable


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key to be kept; `prefix` is what a list shows of it."""

    id: UUID
    tenant: str
    name: str
    prefix: str
    digest: bytes
    scopes: tuple[str, ...]
    created_by: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key as it stands."""

    id: UUID
    tenant: str
    name: str
    prefix: str
    scopes: tuple[str, ...]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    replaces: UUID | None
    revoked_at: datetime | None
    revoked_by: str | None
    last_used_at: datetime | None
    last_used_from: str | None

    def counts_at(self, now: datetime) -> bool:
        """Whether it lets anybody in."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@dataclass(frozen=True, slots=True)
class Use:
    """When a key was used last, and from which address."""

    at: datetime
    address: str


_COLUMNS = """id, tenant, name, prefix, scopes, created_at, created_by, expires_at, replaces,
    revoked_at, revoked_by, last_used_at, last_used_from"""
_ADD = sa.text(f"""
INSERT INTO api_keys
    (id, tenant, name, prefix, digest, scopes, created_at, created_by, expires_at, replaces)
VALUES
    (:id, :tenant, :name, :prefix, :digest, :scopes, :now, :created_by, :expires_at, :replaces)
RETURNING {_COLUMNS}
""")  # noqa: S608 - our own columns
_BY_DIGEST = sa.text(f"SELECT {_COLUMNS} FROM api_keys WHERE digest = :digest")  # noqa: S608
# NULL: every tenant's.
_OWN = "(CAST(:tenant AS text) IS NULL OR tenant = :tenant)"
_BY_ID = sa.text(f"SELECT {_COLUMNS} FROM api_keys WHERE id = :id AND {_OWN}")  # noqa: S608
_LIST = sa.text(f"SELECT {_COLUMNS} FROM api_keys WHERE {_OWN} ORDER BY id DESC LIMIT :most")  # noqa: S608
_REVOKE = sa.text(f"""
UPDATE api_keys SET revoked_at = :now, revoked_by = :by
WHERE id = :id AND {_OWN} AND revoked_at IS NULL
""")  # noqa: S608
# Never later than it would have ended anyway.
_END = sa.text(f"""
UPDATE api_keys SET expires_at = least(expires_at, CAST(:ends_at AS timestamptz))
WHERE id = :id AND {_OWN} AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
""")  # noqa: S608
# Of many processes that write what they saw, the latest use stays.
_TOUCH = sa.text("""
UPDATE api_keys SET last_used_at = used.at, last_used_from = used.address
FROM unnest(CAST(:ids AS uuid[]), CAST(:moments AS timestamptz[]), CAST(:addresses AS text[]))
    AS used (id, at, address)
WHERE api_keys.id = used.id
  AND (api_keys.last_used_at IS NULL OR api_keys.last_used_at < used.at)
""")


class AccountStore:
    """The table of keys. A `tenant` of None stands for all of them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def add(self, key: NewKey) -> KeyRow:
        """Keep a new key."""
        async with self._database.transaction() as connection:
            return _row((await connection.execute(_ADD, self._values(key, None))).one())

    async def replace(self, old: UUID, new: NewKey, *, ends_at: datetime) -> KeyRow | None:
        """Keep `new` and let `old` end at `ends_at`: both, or None when `old` counts no more."""
        async with self._database.transaction() as connection:
            ended = await connection.execute(
                _END,
                {"id": old, "tenant": new.tenant, "ends_at": ends_at, "now": self._clock.now()},
            )
            if ended.rowcount == 0:
                return None
            return _row((await connection.execute(_ADD, self._values(new, old))).one())

    async def find(self, digest: bytes) -> KeyRow | None:
        """The key of that digest, also one that counts no more."""
        async with self._database.reading() as connection:
            found = (await connection.execute(_BY_DIGEST, {"digest": digest})).one_or_none()
            return None if found is None else _row(found)

    async def get(self, key_id: UUID, *, tenant: str | None) -> KeyRow | None:
        """One key."""
        async with self._database.reading() as connection:
            asked = {"id": key_id, "tenant": tenant}
            found = (await connection.execute(_BY_ID, asked)).one_or_none()
            return None if found is None else _row(found)

    async def list(self, *, tenant: str | None, most: int) -> Sequence[KeyRow]:
        """Newest first, also those that count no more."""
        async with self._database.reading() as connection:
            rows = await connection.execute(_LIST, {"tenant": tenant, "most": most})
            return [_row(row) for row in rows]

    async def revoke(self, key_id: UUID, *, tenant: str | None, by: str) -> bool:
        """End a key now; False when there is none, or it was revoked before."""
        async with self._database.transaction() as connection:
            said = {
                "id": key_id,
                "tenant": tenant,
                "by": storable(by),
                "now": self._clock.now(),
            }
            return (await connection.execute(_REVOKE, said)).rowcount > 0

    async def touch(self, uses: Mapping[UUID, Use]) -> None:
        """Write when keys were used last; later uses stay."""
        ids = sorted(uses)
        async with self._database.transaction() as connection:
            await connection.execute(
                _TOUCH,
                {
                    "ids": ids,
                    "moments": [uses[one].at for one in ids],
                    "addresses": [storable(uses[one].address) for one in ids],
                },
            )

    def _values(self, key: NewKey, replaces: UUID | None) -> dict[str, Any]:
        return {
            "id": key.id,
            "tenant": storable(key.tenant),
            "name": storable(key.name),
            "prefix": key.prefix,
            "digest": key.digest,
            "scopes": list(key.scopes),
            "now": self._clock.now(),
            "created_by": storable(key.created_by),
            "expires_at": key.expires_at,
            "replaces": replaces,
        }


def _row(row: Row[Any]) -> KeyRow:
    values = row._asdict()
    return KeyRow(**{**values, "scopes": tuple(values["scopes"])})
