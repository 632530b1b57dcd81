"""Who may call: the gate of an API process, and keys for those who have the database itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial

import httpx

from haulage.accounts.api_keys import ApiKeys
from haulage.accounts.gate import Gate
from haulage.accounts.jwks import Jwks
from haulage.accounts.tokens import TokenRules, Tokens
from haulage.domain.clock import Clock, SystemClock
from haulage.domain.errors import Unavailable
from haulage.engine.batcher import Batcher
from haulage.engine.services import SUBMIT_PATIENCE_S
from haulage.settings import Settings
from haulage.settings.auth import AuthSettings
from haulage.storage.account_store import AccountStore
from haulage.storage.audit_store import AuditStore
from haulage.storage.database import Database
from haulage.wiring.tables import require_tables

# What a key was used for last is known to within this time, and lost with a process that is killed.
WRITE_USES_S = 30.0
JWKS_TIMEOUT_S = 5.0
MAX_JWKS_BYTES = 512 * 1024


@asynccontextmanager
async def open_gate(settings: Settings, database: Database, clock: Clock) -> AsyncIterator[Gate]:
    """The gate of the running event loop; at the end it writes down which keys were used."""
    keys = ApiKeys(AccountStore(database, clock), clock)
    writing = asyncio.get_running_loop().create_task(_keep_writing(keys))
    try:
        async with AsyncExitStack() as opened:
            tokens = await _open_tokens(settings.auth, clock, opened)
            record = Batcher("audit", AuditStore(database).append, patience_s=SUBMIT_PATIENCE_S)
            yield Gate(keys, tokens, record=record.submit, enabled=settings.auth.enabled)
            await record.drain()
    finally:
        writing.cancel()
        with suppress(Unavailable):
            await keys.write_uses()


async def _open_tokens(auth: AuthSettings, clock: Clock, opened: AsyncExitStack) -> Tokens | None:
    if not auth.enabled or not auth.takes_tokens:
        return None
    jwks = None
    if auth.jwks_url is not None:
        client = httpx.AsyncClient(timeout=JWKS_TIMEOUT_S)
        jwks = Jwks(partial(_fetch, await opened.enter_async_context(client), auth.jwks_url))
    assert auth.jwt_issuer
    assert auth.jwt_audience
    rules = TokenRules(
        issuer=auth.jwt_issuer,
        audience=auth.jwt_audience,
        leeway_s=auth.jwt_leeway_s,
        max_life_s=auth.jwt_max_life_s,
        tenant_claim=auth.jwt_tenant_claim,
        scope_claim=auth.jwt_scope_claim,
    )
    return Tokens(rules, clock, secret=auth.secret, jwks=jwks)


async def _fetch(client: httpx.AsyncClient, url: str) -> bytes:
    """A document of at most `MAX_JWKS_BYTES`; raises `OSError` or `ValueError`."""
    content = b""
    try:
        # The time limit is for the whole of it: a drop every second would keep requests waiting.
        async with asyncio.timeout(JWKS_TIMEOUT_S), client.stream("GET", url) as answer:
            answer.raise_for_status()
            async for chunk in answer.aiter_bytes():
                content += chunk
                if len(content) > MAX_JWKS_BYTES:
                    raise ValueError("too large for a JWKS document")
    except httpx.HTTPError as error:
        raise OSError(type(error).__name__) from error
    return content


async def _keep_writing(keys: ApiKeys) -> None:
    while True:
        await asyncio.sleep(WRITE_USES_S)
        with suppress(Unavailable):
            await keys.write_uses()


@asynccontextmanager
async def open_keys(database_url: str) -> AsyncIterator[ApiKeys]:
    """The keys in a database, for whoever holds its URL: past every gate."""
    require_tables(database_url)
    database = Database(database_url, pool_size=1, name="haulage-keys")
    try:
        clock = SystemClock()
        await database.calibrate(clock)
        yield ApiKeys(AccountStore(database, clock), clock)
    finally:
        await database.close()
