"""Keys and the audit by the client and the command line, where callers must say who they are."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from haulage.cli.main import app
from haulage.client import ApiError, AsyncClient, Client
from haulage.domain.scope import Scope
from haulage.engine.services import Services
from haulage.settings import Settings
from tests.api.callers import Callers, callers
from tests.api.live import listening

NINE_A_KEY = {"per_key": {"requests_per_hour": 9}}


@pytest.fixture
async def gated(settings: Settings, services: Services) -> AsyncIterator[Callers]:
    with capture_logs():
        async with callers(settings, services) as made:
            yield made


@pytest.fixture
async def url(gated: Callers) -> AsyncIterator[str]:
    async with listening(gated.api) as live:
        yield str(live.http.base_url)


@pytest.fixture
async def admin(gated: Callers, url: str) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(url, api_key=await gated.key(Scope.ADMIN, name="ops")) as client:
        yield client


async def test_a_key_is_made_used_rotated_and_revoked(admin: AsyncClient, url: str) -> None:
    made = await admin.create_key("web", ["submit", "read"], tenant="acme")
    assert (made.tenant, set(made.scopes)) == ("acme", {"submit", "read"})
    assert made.key not in repr(made)
    async with AsyncClient(url, api_key=made.key) as web:
        await web.submit("speak", {"text": "hi"})
        with pytest.raises(ApiError, match="403"):
            await web.keys()
    next_one = await admin.rotate_key(made.id, overlap_s=60)
    assert (next_one.replaces, next_one.key != made.key) == (made.id, True)
    assert (await admin.key(made.id)).key is None
    assert (await admin.revoke_key(next_one.id)).revoked_by == "ops"
    assert {one.name for one in await admin.keys(tenant="acme")} == {"ops", "web"}
    async with AsyncClient(url, api_key=next_one.key) as web:
        with pytest.raises(ApiError, match="401"):
            await web.submit("speak", {"text": "hi"})


async def test_whoami_says_who_and_what_is_left(
    admin: AsyncClient, gated: Callers, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await admin.grant_credits(7)
    await (await gated.of(Scope.ADMIN)).put("/api/v1/limits/jobs", json=NINE_A_KEY)
    monkeypatch.setenv("HAULAGE_URL", url)
    monkeypatch.setenv("HAULAGE_API_KEY", await gated.key(Scope.SUBMIT, name="shop"))
    with Client() as client:
        me = await asyncio.to_thread(client.whoami)
    assert (me.subject, me.tenant, me.scopes, me.auth) == ("shop", "acme", ("submit",), True)
    assert me.credits is not None
    assert me.credits.available == 7
    (only,) = me.limits or ()
    assert (only.pool, only.remaining) == ("jobs", 9)
    shown = await asyncio.to_thread(CliRunner().invoke, app, ["whoami"])
    for part in ("shop", "submit", "7 available", "requests per hour of each key", "0 of 9"):
        assert part in shown.stdout
    lines = await asyncio.to_thread(CliRunner().invoke, app, ["whoami", "-o", "json"])
    assert json.loads(lines.stdout)["key"] == str(me.key)


async def test_the_audit_of_a_job_is_read_page_by_page(admin: AsyncClient) -> None:
    job = await admin.submit("speak", {"text": "hi"})
    await admin.cancel(job.id)
    told = [one async for one in admin.audit(job=job.id, page_size=1)]
    assert [(one.subject, one.action.rpartition("/")[2]) for one in told] == [
        ("ops", "cancel"),
        ("ops", "jobs"),
    ]
    assert all(one.at and one.key and one.address for one in told)


async def test_the_audit_is_narrowed_to_who_and_what(admin: AsyncClient) -> None:
    job = await admin.submit("speak", {"text": "hi"})
    await admin.cancel(job.id)
    (only,) = [one async for one in admin.audit(actor="ops", action="cancel")]
    assert only.target.endswith(f"{job.id}/cancel")
    assert [one async for one in admin.audit(actor="web")] == []


async def test_the_command_line_shows_the_audit(
    admin: AsyncClient, gated: Callers, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HAULAGE_URL", url)
    monkeypatch.setenv("HAULAGE_API_KEY", await gated.key(Scope.ADMIN, name="ops"))

    def act() -> str:
        with Client() as client:
            job = client.submit("speak", {"text": "hi"})
            client.cancel(job.id)
        run = CliRunner().invoke(app, ["audit", "--job", str(job.id), "-o", "json"])
        assert run.exit_code == 0, run.output
        return run.stdout

    lines = [json.loads(line) for line in (await asyncio.to_thread(act)).splitlines()]
    assert [one["action"].rpartition("/")[2] for one in lines] == ["cancel", "jobs"]
    shown = await asyncio.to_thread(CliRunner().invoke, app, ["audit"])
    assert "ops" in shown.stdout
