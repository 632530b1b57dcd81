"""Keys over their lives, on a real database."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from haulage.accounts.api_keys import FRESH_S, ApiKeys, MadeKey
from haulage.domain.errors import NotAuthenticated, NotFound
from haulage.domain.scope import Scope
from haulage.storage import tables
from haulage.storage.account_store import AccountStore, Use
from haulage.storage.database import Database
from tests.conftest import TestClock


class CountingStore(AccountStore):
    asked = 0

    async def find(self, digest: bytes):  # type: ignore[no-untyped-def]
        self.asked += 1
        return await super().find(digest)


@pytest.fixture
def store(database: Database, clock: TestClock) -> CountingStore:
    return CountingStore(database, clock)


@pytest.fixture
def keys(store: CountingStore, clock: TestClock) -> ApiKeys:
    return ApiKeys(store, clock)


async def make(keys: ApiKeys, **options: object) -> MadeKey:
    told = {"name": "web", "tenant": "acme", "scopes": [Scope.READ], "by": "root", **options}
    return await keys.create(**told)  # type: ignore[arg-type]


async def test_a_key_says_who_calls(keys: ApiKeys) -> None:
    made = await make(keys, scopes=[Scope.SUBMIT, Scope.READ])
    caller = await keys.check(made.text, address="203.0.113.7")
    assert (caller.tenant, caller.subject, caller.caller.key) == ("acme", "web", str(made.row.id))
    assert caller.may(Scope.SUBMIT)
    assert not caller.may(Scope.OPERATE, Scope.ADMIN)


async def test_no_column_holds_the_key(keys: ApiKeys, database: Database) -> None:
    made = await make(keys)
    async with database.reading() as connection:
        row = (await connection.execute(sa.select(tables.api_keys))).one()
    assert made.text[len(made.row.prefix) :] not in str(row)


async def test_keys_are_asked_for_once_in_a_while(
    keys: ApiKeys, store: CountingStore, clock: TestClock
) -> None:
    made = await make(keys)
    await asyncio.gather(*(keys.check(made.text, address="a") for _ in range(20)))
    assert store.asked == 1
    clock.advance(seconds=FRESH_S)
    await keys.check(made.text, address="a")
    assert store.asked == 2


async def test_noise_is_turned_away_without_asking(keys: ApiKeys, store: CountingStore) -> None:
    with pytest.raises(NotAuthenticated):
        await keys.check("hlg_" + "x" * 49, address="a")
    assert store.asked == 0


async def test_an_unknown_key_is_turned_away(keys: ApiKeys, store: CountingStore) -> None:
    stranger = await make(ApiKeys(store, TestClock(), random_bytes=lambda _: b"7" * 32))
    await keys.revoke(stranger.row.id, tenant=None, by="root")
    with pytest.raises(NotAuthenticated):
        await keys.check(stranger.text, address="a")


async def test_a_key_expires_to_the_moment_though_it_is_remembered(
    keys: ApiKeys, clock: TestClock
) -> None:
    made = await make(keys, expires_at=clock.now() + timedelta(seconds=2))
    await keys.check(made.text, address="a")
    clock.advance(seconds=2)
    with pytest.raises(NotAuthenticated, match="expired"):
        await keys.check(made.text, address="a")


async def test_a_revoked_key_counts_no_more_here_at_once(keys: ApiKeys) -> None:
    made = await make(keys)
    await keys.check(made.text, address="a")
    await keys.revoke(made.row.id, tenant=None, by="root")
    with pytest.raises(NotAuthenticated):
        await keys.check(made.text, address="a")


async def test_a_revoked_key_counts_no_more_elsewhere_within_seconds(
    keys: ApiKeys, store: CountingStore, clock: TestClock
) -> None:
    made = await make(keys)
    elsewhere = ApiKeys(store, clock)
    await elsewhere.check(made.text, address="a")
    await keys.revoke(made.row.id, tenant=None, by="root")
    clock.advance(seconds=FRESH_S)
    with pytest.raises(NotAuthenticated):
        await elsewhere.check(made.text, address="a")


async def test_who_revoked_a_key_first_is_remembered(keys: ApiKeys) -> None:
    made = await make(keys)
    await keys.revoke(made.row.id, tenant=None, by="first")
    assert (await keys.revoke(made.row.id, tenant=None, by="second")).revoked_by == "first"


async def test_a_rotated_key_counts_beside_its_successor_for_the_overlap(
    keys: ApiKeys, clock: TestClock
) -> None:
    old = await make(keys)
    await keys.check(old.text, address="a")
    new = await keys.rotate(old.row.id, tenant=None, by="root", overlap=timedelta(minutes=10))
    assert new.row.replaces == old.row.id
    assert (await keys.check(old.text, address="a")).scopes == frozenset({Scope.READ})
    assert (await keys.check(new.text, address="a")).tenant == "acme"
    clock.advance(minutes=10)
    with pytest.raises(NotAuthenticated):
        await keys.check(old.text, address="a")
    await keys.check(new.text, address="a")


async def test_rotation_gives_no_key_a_longer_life(keys: ApiKeys, clock: TestClock) -> None:
    ends = clock.now() + timedelta(minutes=1)
    old = await make(keys, expires_at=ends)
    new = await keys.rotate(old.row.id, tenant=None, by="root", overlap=timedelta(days=1))
    assert new.row.expires_at == ends
    assert (await keys.get(old.row.id, tenant=None)).expires_at == ends


async def test_a_key_that_has_ended_has_no_successor(keys: ApiKeys) -> None:
    old = await make(keys)
    await keys.revoke(old.row.id, tenant=None, by="root")
    with pytest.raises(NotFound):
        await keys.rotate(old.row.id, tenant=None, by="root")


async def test_the_latest_use_stays_whoever_writes_it_last(
    keys: ApiKeys, store: CountingStore, clock: TestClock
) -> None:
    made = await make(keys)
    await keys.check(made.text, address="late")
    await keys.write_uses()
    early = clock.now() - timedelta(minutes=1)
    await store.touch({made.row.id: Use(early, "early")})
    row = await keys.get(made.row.id, tenant=None)
    assert (row.last_used_at, row.last_used_from) == (clock.now(), "late")


async def test_a_key_from_elsewhere_is_kept_once_and_never_revived(keys: ApiKeys) -> None:
    text = (await make(ApiKeys(keys._store, TestClock()))).text
    told = {"name": "up", "tenant": "default", "scopes": [Scope.ADMIN], "by": "root"}
    kept = await keys.keep(text, **told)  # type: ignore[arg-type]
    assert kept is not None
    await keys.revoke(kept.row.id, tenant=None, by="root")
    assert await keys.keep(text, **told) is None  # type: ignore[arg-type]
