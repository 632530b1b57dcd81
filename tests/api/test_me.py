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
