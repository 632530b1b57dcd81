"""Who may call: the gate of an API process, and keys for those who have the database itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from haulage.accounts.api_keys import ApiKeys
from haulage.accounts.gate import Gate
from haulage.domain.clock import Clock, SystemClock
from haulage.domain.errors import Unavailable
from haulage.settings import Settings
from haulage.storage.account_store import AccountStore
from haulage.storage.database import Database
from haulage.wiring.tables import require_tables

# What a key was used for last is known to within this time, and lost with a process that is killed.
WRITE_USES_S = 30.0


@asynccontextmanager
async def open_gate(settings: Settings, database: Database, clock: Clock) -> AsyncIterator[Gate]:
    """The gate of the running event loop; at the end it writes down which keys were used."""
    keys = ApiKeys(AccountStore(database, clock), clock)
    writing = asyncio.get_running_loop().create_task(_keep_writing(keys))
    try:
        yield Gate(keys, enabled=settings.auth.enabled)
    finally:
        writing.cancel()
        with suppress(Unavailable):
            await keys.write_uses()


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
