"""`GET /me`: callers are told who they are taken for."""

import httpx
from joserfc import jwt
from joserfc.jwk import OctKey
from pydantic import SecretStr

from haulage import __version__
from haulage.domain.scope import Scope
from haulage.engine.services import Services
from haulage.settings import Settings
from tests.api.callers import callers
from tests.api.conftest import assert_problem

URL = "/api/v1/me"


async def test_a_key_is_told_its_tenant_name_and_scopes(
    settings: Settings, services: Services
) -> None:
    async with callers(settings, services) as gated:
        keys = gated.api.app.state.deps.gate.keys
        made = await keys.create(
            name="web", tenant="acme", scopes=(Scope.SUBMIT, Scope.READ), by="test"
        )
        answer = await (await gated.client(made.text)).get(URL)
    assert answer.json() == {
        "tenant": "acme",
        "subject": "web",
        "scopes": ["read", "submit"],
        "user": None,
        "key": str(made.row.id),
        "auth": True,
        "version": __version__,
        "trace_url": None,
        "limits": None,
        "credits": None,
    }
    assert made.text not in answer.text


async def test_a_tokens_user_is_told(settings: Settings, services: Services) -> None:
    secret = SecretStr("0123456789abcdef" * 4)
    rules = {"jwt_issuer": "https://id.example", "jwt_audience": "haulage"}
    ends = int(services.clock.now().timestamp()) + 60
    claims = {"iss": "https://id.example", "aud": "haulage", "sub": "ada", "exp": ends}
    claims |= {"tenant": "acme", "scope": "operate other:thing"}
    token = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(secret.get_secret_value()))
    async with callers(settings, services, jwt_secret=secret, **rules) as gated:
        me = (await (await gated.client(token)).get(URL)).json()
    assert (me["subject"], me["user"], me["key"]) == ("ada", "ada", None)
    assert (me["tenant"], me["scopes"]) == ("acme", ["operate"])


async def test_any_scope_suffices_and_a_stranger_is_nobody(
    settings: Settings, services: Services
) -> None:
    async with callers(settings, services) as gated:
        for scope in Scope:
            assert (await (await gated.of(scope)).get(URL)).json()["scopes"] == [scope.value]
        assert_problem(await (await gated.client(None)).get(URL), 401, "not_authenticated")


async def test_without_authentication_everybody_may_do_everything(http: httpx.AsyncClient) -> None:
    me = (await http.get(URL)).json()
    assert me["auth"] is False
    assert me["scopes"] == [scope.value for scope in Scope]
    assert (me["tenant"], me["subject"]) == ("default", "anonymous@203.0.113.7")


async def test_callers_see_what_their_own_limits_leave(
    settings: Settings, services: Services
) -> None:
    async with callers(settings, services) as gated:
        admin = await gated.of(Scope.ADMIN)
        both = {"per_key": {"requests_per_hour": 9}, "per_user": {"requests_per_hour": 2}}
        await admin.put("/api/v1/limits/jobs", json={**both, "requests_per_day": 90})
        await admin.put("/api/v1/limits/running", json={"tenants": {"acme": {"concurrency": 3}}})
        await admin.put("/api/v1/limits/other", json={"tenants": {"beta": {"concurrency": 3}}})
        quiet, busy = await gated.of(Scope.SUBMIT), await gated.of(Scope.SUBMIT)
        await busy.post("/api/v1/jobs", json={"type": "speak", "input": {"text": "hi"}})
        told = {
            who: (await client.get(URL, params={"include": "limits"})).json()["limits"]
            for who, client in (("busy", busy), ("quiet", quiet))
        }
    # A key has no user; what the whole installation has left is not the caller's.
    assert [(one["pool"], one["scope"], one["remaining"]) for one in told["busy"]] == [
        ("jobs", "key", 8),
        ("running", "tenant", 3),
    ]
    assert [one["remaining"] for one in told["quiet"]] == [9, 3]


async def test_callers_see_their_credits(settings: Settings, services: Services) -> None:
    async with callers(settings, services) as gated:
        web = await gated.of(Scope.SUBMIT)
        asked = {"include": "credits,limits"}
        assert (await web.get(URL, params=asked)).json()["credits"]["charged"] is False
        admin = await gated.of(Scope.ADMIN)
        await admin.post("/api/v1/credits/grants", json={"amount": 7})
        me = (await web.get(URL, params=asked)).json()
    assert (me["credits"]["charged"], me["credits"]["available"]) == (True, 7)
    assert me["limits"] == []


async def test_something_else_does_not_come_along(http: httpx.AsyncClient) -> None:
    assert (await http.get(URL, params={"include": "secrets"})).status_code == 400
