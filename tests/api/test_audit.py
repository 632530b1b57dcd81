"""`/audit`: who asked for what, by which key, from where."""

from collections.abc import AsyncIterator

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from haulage.domain.errors import Unavailable
from haulage.domain.scope import Scope
from haulage.engine.services import Services
from haulage.settings import Settings, SettingsFault, load
from haulage.settings.api import ApiSettings
from haulage.storage import tables
from haulage.storage.database import Database
from tests.api.callers import Callers, callers
from tests.api.conftest import Worker

GOOD = {"type": "speak", "input": {"text": "a secret text"}}
AUDIT = "/api/v1/audit"


@pytest.fixture
async def gated(settings: Settings, services: Services) -> AsyncIterator[Callers]:
    async with callers(settings, services) as made:
        yield made


async def test_who_submitted_and_who_cancelled_is_known_by_key_and_address(
    gated: Callers, worker: Worker
) -> None:
    web = await gated.of(Scope.SUBMIT)
    ops = await gated.client(await gated.key(Scope.OPERATE, name="ops"))
    job = (await web.post("/api/v1/jobs", json=GOOD)).json()["id"]
    await web.post("/api/v1/jobs", json=GOOD)
    await ops.post(f"/api/v1/jobs/{job}/cancel")
    await ops.post(f"/api/v1/jobs/{job}/retry")
    admin = await gated.of(Scope.ADMIN)
    told = (await admin.get(AUDIT, params={"job_id": job})).json()["data"]
    assert [(one["subject"], one["action"]) for one in told] == [
        ("ops", "POST /api/v1/jobs/{job_id}/retry"),
        ("ops", "POST /api/v1/jobs/{job_id}/cancel"),
        ("web", "POST /api/v1/jobs"),
    ]
    assert {one["address"] for one in told} == {"203.0.113.7"}
    assert all(one["key"] and one["tenant"] == "acme" for one in told)


async def test_what_only_looks_and_what_is_refused_leaves_no_entry(gated: Callers) -> None:
    admin = await gated.of(Scope.ADMIN)
    await admin.get("/api/v1/jobs")
    await (await gated.of(Scope.READ)).post("/api/v1/jobs", json=GOOD)
    await (await gated.client(None)).post("/api/v1/jobs", json=GOOD)
    assert (await admin.get(AUDIT)).json() == {"data": [], "next": None}


async def test_entries_hold_nothing_of_what_was_sent(gated: Callers) -> None:
    admin = await gated.of(Scope.ADMIN)
    await admin.post("/api/v1/jobs", json=GOOD)
    assert "secret" not in (await admin.get(AUDIT)).text


async def test_pages_go_on_where_the_last_one_ended(gated: Callers) -> None:
    admin = await gated.of(Scope.ADMIN)
    for _ in range(3):
        await admin.post("/api/v1/jobs", json=GOOD)
    first = (await admin.get(AUDIT, params={"limit": 2})).json()
    second = (await admin.get(AUDIT, params={"limit": 2, "cursor": first["next"]})).json()
    assert (len(first["data"]), len(second["data"]), second["next"]) == (2, 1, None)
    assert (await admin.get(AUDIT, params={"tenant": "beta"})).json()["data"] == []


async def test_entries_are_found_by_who_asked_and_by_what_for(
    gated: Callers, services: Services
) -> None:
    web, keys = await gated.of(Scope.SUBMIT, Scope.OPERATE), gated.api.app.state.deps.gate.keys
    other = await keys.create(name="web", tenant="acme", scopes=(Scope.SUBMIT,), by="test")
    job = (await web.post("/api/v1/jobs", json=GOOD)).json()["id"]
    await web.post(f"/api/v1/jobs/{job}/cancel")
    await (await gated.client(other.text)).post("/api/v1/jobs", json=GOOD)
    admin = await gated.client(await gated.key(Scope.ADMIN, name="ops"))
    await admin.post(f"/api/v1/jobs/{job}/cancel")

    async def told(**asked: str | int) -> list[tuple[str, str]]:
        page = (await admin.get(AUDIT, params=asked)).json()["data"]
        return [(one["subject"], one["action"].rpartition("/")[2]) for one in page]

    assert await told(actor="web") == [("web", "jobs"), ("web", "cancel"), ("web", "jobs")]
    assert await told(actor=str(other.row.id).upper()) == [("web", "jobs")]
    assert await told(action="CANCEL") == [("ops", "cancel"), ("web", "cancel")]
    assert await told(action="post", limit=1) == [("ops", "cancel")]
    assert await told(actor="web", action="cancel") == [("web", "cancel")]
    assert await told(actor="ops", action="jobs", job_id=job) == [("ops", "cancel")]
    assert await told(actor="nobody") == await told(action="100%") == []
    assert await told(actor="web", tenant="beta") == []


async def test_pages_of_what_was_found_go_on_where_the_last_one_ended(gated: Callers) -> None:
    admin = await gated.of(Scope.ADMIN)
    for _ in range(2):
        job = (await admin.post("/api/v1/jobs", json=GOOD)).json()["id"]
        await admin.post(f"/api/v1/jobs/{job}/cancel")
    asked, seen = {"actor": "web", "limit": 1}, []
    while True:
        page = (await admin.get(AUDIT, params=asked)).json()
        seen += [one["id"] for one in page["data"]]
        if page["next"] is None:
            break
        asked["cursor"] = page["next"]
    assert len(seen) == 4
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize("name", ["tenant", "actor", "action"])
async def test_a_filter_that_no_entry_can_have_is_refused(gated: Callers, name: str) -> None:
    admin = await gated.of(Scope.ADMIN)
    for value in ("", "a\x00b", "a" * 201):
        assert (await admin.get(AUDIT, params={name: value})).status_code == 400


async def test_no_entry_can_be_changed(gated: Callers, database: Database) -> None:
    await (await gated.of(Scope.SUBMIT)).post("/api/v1/jobs", json=GOOD)
    with pytest.raises(DBAPIError, match="never changed"):
        async with database.transaction() as connection:
            await connection.execute(sa.update(tables.audit).values(subject="somebody else"))


async def test_a_submit_that_is_answered_stands_in_the_audit(
    gated: Callers, database: Database
) -> None:
    web = await gated.of(Scope.SUBMIT)
    for body, status in ((GOOD, 202), ({"type": "speek", "input": 1}, 404)):
        answer = await web.post("/api/v1/jobs", json=body)
        assert answer.status_code == status
        async with database.reading() as connection:
            told = (await connection.execute(sa.select(tables.audit.c.request_id))).scalars()
            assert answer.headers["x-request-id"] in list(told)


async def test_what_cannot_be_written_down_is_not_done(gated: Callers, worker: Worker) -> None:
    ops = await gated.of(Scope.OPERATE, Scope.SUBMIT, Scope.READ)
    job = (await ops.post("/api/v1/jobs", json=GOOD)).json()["id"]
    gate = gated.api.app.state.deps.gate

    async def away(_: object) -> None:
        raise Unavailable("PostgreSQL does not answer.")

    gate.record = away
    assert (await ops.post(f"/api/v1/jobs/{job}/cancel")).status_code == 503
    assert (await ops.get(f"/api/v1/jobs/{job}")).json()["state"] == "queued"


@pytest.mark.parametrize(
    ("trusted", "said", "address"),
    [
        # The test's connections come from 203.0.113.7.
        ("", "198.51.100.9", "203.0.113.7"),
        ("10.0.0.0/8", "198.51.100.9", "203.0.113.7"),
        ("203.0.113.0/24", "198.51.100.9", "198.51.100.9"),
        ("203.0.113.7", "1.1.1.1, 198.51.100.9", "198.51.100.9"),
        ("203.0.113.7,10.0.0.0/8", "1.1.1.1, 198.51.100.9, 10.0.0.3", "198.51.100.9"),
        ("203.0.113.7", "[2001:db8::5]:4711", "2001:db8::5"),
        ("203.0.113.7", "198.51.100.9:4711", "198.51.100.9"),
        ("203.0.113.7", "1.1.1.1, nonsense", "203.0.113.7"),
        ("0.0.0.0/0", "10.0.0.1, 10.0.0.2", "10.0.0.1"),
    ],
)
async def test_only_proxies_of_ours_say_where_a_caller_is(
    settings: Settings, services: Services, trusted: str, said: str, address: str
) -> None:
    api = ApiSettings.model_validate({**settings.api.model_dump(), "trusted_proxies": trusted})
    async with callers(settings.model_copy(update={"api": api}), services) as gated:
        web = await gated.client(await gated.key(Scope.SUBMIT), **{"X-Forwarded-For": said})
        await web.post("/api/v1/jobs", json=GOOD)
        admin = await gated.of(Scope.ADMIN)
        (told,) = (await admin.get(AUDIT)).json()["data"]
    assert told["address"] == address


def test_a_network_that_is_none_is_refused_at_the_start() -> None:
    with pytest.raises(SettingsFault, match="HAULAGE_API_TRUSTED_PROXIES"):
        load({"HAULAGE_API_TRUSTED_PROXIES": "10.0.0.0/8, nonsense"})
