"""Nobody reaches a route without a credential that counts and a scope that fits."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi.routing import APIRoute, APIWebSocketRoute
from joserfc import jwt
from joserfc.jwk import OctKey
from pydantic import SecretStr

from haulage.api.app import RESOURCES
from haulage.api.guard import GuardedRoute, Router, needed_by, needs
from haulage.domain.errors import DefinitionFault
from haulage.domain.scope import Scope
from haulage.engine.services import Services
from haulage.settings import Settings
from tests.api.callers import Callers, callers
from tests.api.conftest import assert_problem

GOOD = {"type": "speak", "input": {"text": "hello"}}
OPEN = {"/health", "/ready", "/asyncapi.json"}


@pytest.fixture
async def gated(settings: Settings, services: Services) -> AsyncIterator[Callers]:
    async with callers(settings, services) as made:
        yield made


def routes() -> list[tuple[str, str, tuple[Scope, ...]]]:
    return [
        (method, route.path, needed_by(route.endpoint))
        for resource in RESOURCES
        for route in resource.router.routes
        if isinstance(route, APIRoute)
        for method in sorted(route.methods or ())
        # The same endpoint as GET, and an answer without a body to look at.
        if method != "HEAD"
    ]


def test_every_route_is_guarded_and_the_open_ones_are_known() -> None:
    found = [route for resource in RESOURCES for route in resource.router.routes]
    assert all(isinstance(route, GuardedRoute | APIWebSocketRoute) for route in found)
    assert all(isinstance(resource.router, Router) for resource in RESOURCES)
    assert {route.path for route in found if not needed_by(route.endpoint)} == OPEN


def test_a_route_that_says_no_scope_is_refused() -> None:
    router = Router()

    async def unmarked() -> None: ...

    with pytest.raises(DefinitionFault, match="unmarked"):
        router.get("/x")(unmarked)
    with pytest.raises(DefinitionFault, match="unmarked"):
        router.websocket("/x")(unmarked)


async def test_every_route_turns_strangers_away(gated: Callers) -> None:
    nobody = await gated.client(None)
    for method, path, _ in routes():
        answer = await nobody.request(method, path)
        if path in OPEN:
            assert answer.status_code not in (401, 403), path
        else:
            assert_problem(answer, 401, "not_authenticated")
            assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_every_route_turns_away_who_lacks_its_scope(gated: Callers) -> None:
    clients = {scope: await gated.of(scope) for scope in Scope}
    for method, path, needed in routes():
        for scope, client in clients.items():
            if needed and scope not in (*needed, Scope.ADMIN):
                answer = await client.request(method, path)
                refused = assert_problem(answer, 403, "not_allowed")
                assert refused["needs"] == [one.value for one in needed]


async def test_the_lane_is_guarded_too(gated: Callers) -> None:
    assert (await (await gated.client(None)).post("/api/v1/jobs", json=GOOD)).status_code == 401
    reader = await gated.of(Scope.READ)
    assert (await reader.post("/api/v1/jobs", json=GOOD)).status_code == 403
    submitter = await gated.of(Scope.SUBMIT)
    assert (await submitter.post("/api/v1/jobs", json=GOOD)).status_code == 202


async def test_an_admin_may_do_everything(gated: Callers) -> None:
    admin = await gated.of(Scope.ADMIN)
    job = (await admin.post("/api/v1/jobs", json=GOOD)).json()
    assert (await admin.get(f"/api/v1/jobs/{job['id']}")).status_code == 200
    assert (await admin.get("/metrics")).status_code == 200


async def test_who_may_submit_may_take_back(gated: Callers) -> None:
    submitter = await gated.of(Scope.SUBMIT)
    job = (await submitter.post("/api/v1/jobs", json=GOOD)).json()
    assert (await submitter.delete(f"/api/v1/jobs/{job['id']}")).status_code == 202


@pytest.mark.parametrize(
    ("url", "body"),
    [
        ("/api/v1/jobs", {**GOOD, "priority": "high"}),
        ("/api/v1/jobs/batch", {"jobs": [GOOD, {**GOOD, "priority": "high"}]}),
        ("/api/v1/schedules", {**GOOD, "name": "n", "cron": "0 3 * * *", "priority": "high"}),
    ],
)
async def test_going_before_others_needs_a_scope(
    gated: Callers, url: str, body: dict[str, object]
) -> None:
    usual = await gated.of(Scope.SUBMIT, Scope.OPERATE)
    refused = assert_problem(await usual.post(url, json=body), 403, "not_allowed")
    assert refused["needs"] == ["priority"]
    hurried = await gated.of(Scope.SUBMIT, Scope.OPERATE, Scope.PRIORITY)
    assert (await hurried.post(url, json=body)).is_success


async def test_strangers_are_told_nothing_of_what_else_is_wrong(gated: Callers) -> None:
    nobody = await gated.client(None)
    assert (await nobody.get("/api/v1/jobs?nonsense=1")).status_code == 401
    assert (await nobody.post("/api/v1/jobs", content=b"{")).status_code == 401


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "bearer x", "Basic YTpi", "Bearer hlg_" + "0" * 49, "Bearer \xff",
     "Bearer " + "a" * 9_000, "Bearer hlg_" + "9" * 40_000, "Bearer a.b.c"],
)  # fmt: skip
async def test_credentials_that_do_not_count_are_refused(gated: Callers, header: str) -> None:
    nobody = await gated.client(None)
    answer = await nobody.get(
        "/api/v1/jobs", headers=[(b"authorization", header.encode("latin-1"))]
    )
    problem = assert_problem(answer, 401, "not_authenticated")
    assert len(problem["detail"]) < 200, "what was sent is not sent back"


@pytest.mark.parametrize("name", ["key", "api_key", "API-KEY", "access_token", "token", "bearer"])
async def test_keys_in_an_address_are_refused(gated: Callers, name: str) -> None:
    key = await gated.key(Scope.READ)
    nobody = await gated.client(None)
    answer = await nobody.get(f"/api/v1/jobs?{name}=x")
    assert_problem(answer, 400, "credential_in_query")
    answer = await nobody.get("/api/v1/jobs", params={"tag": f"a{key}"})
    problem = assert_problem(answer, 400, "credential_in_query")
    assert key not in str(problem)


async def test_tokens_count_where_a_setting_says_how_to_check_them(
    settings: Settings, services: Services
) -> None:
    secret = SecretStr("0123456789abcdef" * 4)
    rules = {"jwt_issuer": "https://id.example", "jwt_audience": "haulage"}
    ends = int(services.clock.now().timestamp()) + 60
    claims = {"iss": "https://id.example", "aud": "haulage", "sub": "ada", "exp": ends}
    claims |= {"tenant": "acme", "scope": "submit"}
    token = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(secret.get_secret_value()))
    async with callers(settings, services, jwt_secret=secret, **rules) as gated:
        ada = await gated.client(token)
        job = (await ada.post("/api/v1/jobs", json=GOOD)).json()
        assert (await ada.get("/api/v1/jobs")).status_code == 403
        acme = await gated.of(Scope.OPERATE, Scope.READ)
        assert (await acme.get(f"/api/v1/jobs/{job['id']}")).status_code == 200
        assert (await ada.delete(f"/api/v1/jobs/{job['id']}")).json()["cancelled_by"] == "ada"
    async with callers(settings, services) as gated:
        assert (await (await gated.client(token)).get("/api/v1/jobs")).status_code == 401


async def test_where_authentication_is_off_everybody_is_anonymous(http: httpx.AsyncClient) -> None:
    answer = await http.get("/api/v1/jobs", headers={"Authorization": "Bearer nonsense"})
    assert answer.status_code == 200


def test_a_mark_alone_changes_nothing() -> None:
    async def endpoint() -> None: ...

    assert needs(Scope.READ)(endpoint) is endpoint
    assert needed_by(endpoint) == (Scope.READ,)
