"""`/keys`: made, listed, replaced, revoked by an administrator."""

from collections.abc import AsyncIterator

import httpx
import pytest

from haulage.domain.scope import Scope
from haulage.engine.services import Services
from haulage.settings import Settings
from tests.api.callers import Callers, callers
from tests.api.conftest import assert_problem
from tests.conftest import TestClock

KEYS = "/api/v1/keys"
WEB = {"name": "web", "tenant": "beta", "scopes": ["submit", "read"]}


@pytest.fixture
async def gated(settings: Settings, services: Services) -> AsyncIterator[Callers]:
    async with callers(settings, services) as made:
        yield made


@pytest.fixture
async def admin(gated: Callers) -> httpx.AsyncClient:
    return await gated.of(Scope.ADMIN)


async def test_a_new_key_is_shown_once_and_counts(gated: Callers, admin: httpx.AsyncClient) -> None:
    answer = await admin.post(KEYS, json=WEB)
    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["location"] == f"{KEYS}/{made['id']}"
    assert made["created_by"] == "web"
    assert made["key"] not in (await admin.get(KEYS)).text
    assert made["key"] not in (await admin.get(answer.headers["location"])).text
    web = await gated.client(made["key"])
    job = {"type": "speak", "input": {"text": "hello"}}
    assert (await web.post("/api/v1/jobs", json=job)).status_code == 202
    assert len((await web.get("/api/v1/jobs")).json()["data"]) == 1
    assert (await admin.get("/api/v1/jobs")).json()["data"] == [], "another tenant's"


async def test_a_revoked_key_is_turned_away(gated: Callers, admin: httpx.AsyncClient) -> None:
    made = (await admin.post(KEYS, json=WEB)).json()
    web = await gated.client(made["key"])
    assert (await web.get("/api/v1/jobs")).status_code == 200
    revoked = (await admin.delete(f"{KEYS}/{made['id']}")).json()
    assert revoked["revoked_by"] == "web"
    assert (await web.get("/api/v1/jobs")).status_code == 401


async def test_a_rotated_key_counts_for_its_overlap(
    gated: Callers, admin: httpx.AsyncClient, clock: TestClock
) -> None:
    old = (await admin.post(KEYS, json=WEB)).json()
    answer = await admin.post(f"{KEYS}/{old['id']}/rotate", json={"overlap_s": 60})
    new = answer.json()
    assert answer.status_code == 201
    assert (new["replaces"], new["scopes"]) == (old["id"], old["scopes"])
    clock.advance(seconds=59)
    assert (await (await gated.client(old["key"])).get("/api/v1/jobs")).status_code == 200
    clock.advance(seconds=1)
    assert (await (await gated.client(old["key"])).get("/api/v1/jobs")).status_code == 401
    assert (await (await gated.client(new["key"])).get("/api/v1/jobs")).status_code == 200


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"scopes": []}, "/scopes"),
        ({"scopes": ["god"]}, "/scopes/0"),
        ({"name": ""}, "/name"),
        ({"name": "a\nb"}, "/name"),
        ({"tenant": ""}, "/tenant"),
        ({"expires_at": "2029-01-01T00:00:00Z"}, "/expires_at"),
        ({"key": "hlg_mine"}, "/key"),
    ],
)
async def test_keys_that_make_no_sense_are_refused(
    admin: httpx.AsyncClient, wrong: dict[str, object], pointer: str
) -> None:
    answer = await admin.post(KEYS, json={**WEB, **wrong})
    assert assert_problem(answer, 422, "invalid_input")["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("key_id", ["nonsense", "0198c2d4-0000-7000-8000-000000000000"])
async def test_unknown_keys_are_404(admin: httpx.AsyncClient, key_id: str) -> None:
    assert_problem(await admin.get(f"{KEYS}/{key_id}"), 404, "not_found")
    assert_problem(await admin.delete(f"{KEYS}/{key_id}"), 404, "not_found")
    assert_problem(await admin.post(f"{KEYS}/{key_id}/rotate", json={}), 404, "not_found")
