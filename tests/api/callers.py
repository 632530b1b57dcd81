"""The API where callers must say who they are, and clients with keys of it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import OctKey
from pydantic import SecretStr

from haulage.domain.scope import Scope
from haulage.engine.services import Services
from haulage.settings import Settings
from tests.api.conftest import Api, running_api

BASE = "http://haulage.test"
# How the tokens of `token_of` are checked: `callers(…, **TOKENS)`.
_SECRET = "0123456789abcdef" * 4
TOKENS: dict[str, Any] = {
    "jwt_secret": SecretStr(_SECRET),
    "jwt_issuer": "https://id.example",
    "jwt_audience": "haulage",
}


def token_of(user: str, services: Services, *, tenant: str = "acme", scope: str = "submit") -> str:
    """A token of an identity provider, good for a minute."""
    claims = {"iss": TOKENS["jwt_issuer"], "aud": TOKENS["jwt_audience"], "sub": user}
    claims |= {"exp": int(services.clock.now().timestamp()) + 60, "tenant": tenant, "scope": scope}
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(_SECRET))


def guarded(settings: Settings, **auth: Any) -> Settings:
    """`settings` with authentication on."""
    update = {"enabled": True, **auth}
    return settings.model_copy(update={"auth": settings.auth.model_copy(update=update)})


@dataclass
class Callers:
    """Makes clients; `nobody` has no credentials."""

    api: Api
    opened: AsyncExitStack

    async def client(self, token: str | None, **also: str) -> httpx.AsyncClient:
        headers = {**also} if token is None else {**also, "Authorization": f"Bearer {token}"}
        transport = httpx.ASGITransport(self.api.app, client=("203.0.113.7", 5000))
        client = httpx.AsyncClient(transport=transport, base_url=BASE, headers=headers)
        return await self.opened.enter_async_context(client)

    async def key(self, *scopes: Scope, tenant: str = "acme", name: str = "web") -> str:
        keys = self.api.app.state.deps.gate.keys
        made = await keys.create(name=name, tenant=tenant, scopes=scopes, by="test")
        return made.text

    async def of(self, *scopes: Scope, tenant: str = "acme") -> httpx.AsyncClient:
        return await self.client(await self.key(*scopes, tenant=tenant))


@asynccontextmanager
async def callers(settings: Settings, services: Services, **auth: Any) -> AsyncIterator[Callers]:
    async with (
        running_api(guarded(settings, **auth), services) as api,
        AsyncExitStack() as opened,
    ):
        yield Callers(api, opened)
