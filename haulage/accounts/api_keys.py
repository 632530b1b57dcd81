"""API keys: made, replaced with an overlap, revoked, and checked at every request.

A check asks PostgreSQL once in `FRESH_S` for each key that is used; in between it costs a digest
and a look into memory. So a key that was revoked in another process lets its holder in for as long.
"""

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from haulage.accounts.principal import Principal, known_scopes
from haulage.accounts.secret import SHOWN, digest_of, is_key, make_key
from haulage.domain.clock import Clock
from haulage.domain.errors import NotAuthenticated, NotFound
from haulage.domain.ids import uuid7
from haulage.domain.job import JobCaller
from haulage.domain.scope import Scope
from haulage.storage.account_store import AccountStore, KeyRow, NewKey, Use

FRESH_S = 5.0
# Enough for every key that is in use at once; past it the oldest are asked for anew.
REMEMBERED = 10_000
OVERLAP = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A new key: `text` is said now and never again."""

    text: str
    row: KeyRow


class ApiKeys:
    """The keys of an installation, for one event loop."""

    def __init__(
        self,
        store: AccountStore,
        clock: Clock,
        *,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._store = store
        self._clock = clock
        self._random_bytes = random_bytes
        self._known: dict[bytes, tuple[KeyRow | None, datetime]] = {}
        self._asking: dict[bytes, asyncio.Task[KeyRow | None]] = {}
        self._uses: dict[UUID, Use] = {}

    async def create(
        self,
        *,
        name: str,
        tenant: str,
        scopes: Sequence[Scope],
        by: str,
        expires_at: datetime | None = None,
    ) -> MadeKey:
        """A new key for callers of `tenant`."""
        text, new = self._new(name=name, tenant=tenant, scopes=scopes, by=by, ends=expires_at)
        return MadeKey(text, await self._store.add(new))

    async def keep(
        self, text: str, *, name: str, tenant: str, scopes: Sequence[Scope], by: str
    ) -> MadeKey | None:
        """Make sure that `text`, a key from elsewhere, counts here; None where it has ended."""
        row = await self._store.find(digest_of(text))
        if row is None:
            _, new = self._new(name=name, tenant=tenant, scopes=scopes, by=by, text=text)
            row = await self._store.add(new)
        return MadeKey(text, row) if row.counts_at(self._clock.now()) else None

    async def rotate(
        self, key_id: UUID, *, tenant: str | None, by: str, overlap: timedelta = OVERLAP
    ) -> MadeKey:
        """A new key in place of one that goes on counting for `overlap`; its successor ends when
        it would have ended. Raises `NotFound` for one that counts no more."""
        now = self._clock.now()
        old = await self._store.get(key_id, tenant=tenant)
        if old is None or not old.counts_at(now):
            raise _no_such_key(key_id)
        scopes = tuple(Scope(name) for name in old.scopes)
        text, new = self._new(
            name=old.name, tenant=old.tenant, scopes=scopes, by=by, ends=old.expires_at
        )
        row = await self._store.replace(old.id, new, ends_at=now + overlap)
        if row is None:
            raise _no_such_key(key_id)
        self._forget(old.id)
        return MadeKey(text, row)

    async def revoke(self, key_id: UUID, *, tenant: str | None, by: str) -> KeyRow:
        """End a key now, once; raises `NotFound`."""
        await self._store.revoke(key_id, tenant=tenant, by=by)
        self._forget(key_id)
        return await self.get(key_id, tenant=tenant)

    async def get(self, key_id: UUID, *, tenant: str | None) -> KeyRow:
        """One key; raises `NotFound`."""
        row = await self._store.get(key_id, tenant=tenant)
        if row is None:
            raise _no_such_key(key_id)
        return row

    async def list(self, *, tenant: str | None, most: int) -> Sequence[KeyRow]:
        """Newest first, also those that count no more."""
        return await self._store.list(tenant=tenant, most=most)

    async def check(self, text: str, *, address: str) -> Principal:
        """Whose key `text` is; raises `NotAuthenticated`, which never says why in detail."""
        if not is_key(text):
            raise NotAuthenticated(
                "This is no key of ours: it is cut, mistyped, or something else."
            )
        digest = digest_of(text)
        now = self._clock.now()
        row, until = self._known.get(digest, (None, now))
        if now >= until:
            row = await self._ask(digest)
        if row is None or not row.counts_at(now):
            raise NotAuthenticated("This key is unknown, revoked or has expired.")
        self._uses[row.id] = Use(now, address)
        return Principal(
            tenant=row.tenant,
            subject=row.name,
            scopes=known_scopes(row.scopes),
            address=address,
            caller=JobCaller(key=str(row.id)),
        )

    async def write_uses(self) -> None:
        """Write down which keys were used since the last time."""
        uses, self._uses = self._uses, {}
        if not uses:
            return
        try:
            await self._store.touch(uses)
        except BaseException:
            self._uses = {**uses, **self._uses}
            raise

    def _new(
        self,
        *,
        name: str,
        tenant: str,
        scopes: Sequence[Scope],
        by: str,
        ends: datetime | None = None,
        text: str | None = None,
    ) -> tuple[str, NewKey]:
        text = text or make_key(self._random_bytes)
        wanted = tuple(sorted({scope.value for scope in scopes}))
        new = NewKey(
            id=uuid7(),
            tenant=tenant,
            name=name,
            prefix=text[:SHOWN],
            digest=digest_of(text),
            scopes=wanted,
            created_by=by,
            expires_at=ends,
        )
        return text, new

    async def _ask(self, digest: bytes) -> KeyRow | None:
        """Ask once for all requests that wait for the same key."""
        asking = self._asking.get(digest)
        if asking is None:
            asking = asyncio.ensure_future(self._store.find(digest))
            self._asking[digest] = asking
            asking.add_done_callback(lambda _: self._asking.pop(digest, None))
        # One caller who leaves does not take the answer from the others.
        row = await asyncio.shield(asking)
        if len(self._known) >= REMEMBERED:
            self._known.pop(next(iter(self._known)))
        self._known.pop(digest, None)
        self._known[digest] = row, self._clock.now() + timedelta(seconds=FRESH_S)
        return row

    def _forget(self, key_id: UUID) -> None:
        for digest in [one for one, (row, _) in self._known.items() if row and row.id == key_id]:
            del self._known[digest]


def _no_such_key(key_id: UUID) -> NotFound:
    return NotFound(f"There is no key {key_id} that counts.")
