"""The limiter, the breakers and the pools, of one event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random

from haulage.domain.clock import Clock
from haulage.domain.errors import Unavailable
from haulage.domain.job_type import Registry
from haulage.limits import meters
from haulage.limits.book import PoolBook
from haulage.limits.breaker import Breakers
from haulage.limits.config import from_environment, from_file
from haulage.limits.installation import Limits, connect
from haulage.limits.ledger import Ledger
from haulage.limits.limiter import Limiter
from haulage.limits.traffic import LimitedTraffic
from haulage.settings import Settings, SettingsFault
from haulage.storage.database import Database
from haulage.storage.limit_store import LimitStore

# A change is seen by all processes within this time.
RELOAD_S = 0.8


@asynccontextmanager
async def open_book(
    settings: Settings, database: Database, clock: Clock
) -> AsyncIterator[PoolBook]:
    """The pools as they are set, kept up to date. Raises `SettingsFault`."""
    book = PoolBook(
        settings.limits,
        LimitStore(database, clock),
        environment=from_environment(settings.limits),
        file=from_file(Path(settings.config)),
    )
    with suppress(Unavailable):
        await book.reload()
    keeping = asyncio.get_running_loop().create_task(_keep_reloading(book))
    try:
        yield book
    finally:
        keeping.cancel()


@asynccontextmanager
async def open_limits(
    settings: Settings, database: Database, clock: Clock
) -> AsyncIterator[Limits]:
    """Closed at the end, with all usage written if PostgreSQL is there. Raises `SettingsFault`."""
    async with (
        open_book(settings, database, clock) as book,
        _open(settings, LimitStore(database, clock), clock, book) as limits,
    ):
        yield limits


@asynccontextmanager
async def _open(
    settings: Settings, store: LimitStore, clock: Clock, book: PoolBook
) -> AsyncIterator[Limits]:
    client = connect(settings.require_redis_url())
    prefix = settings.redis.prefix
    ledger = Ledger(store, clock.now)
    limiter = Limiter(client, pools=book.pool, prefix=prefix, ledger=ledger, now=clock.now)
    breakers = Breakers(client, prefix=prefix, rule=book.rule)
    await limiter.open()
    await breakers.open()
    loop = asyncio.get_running_loop()
    keeping = loop.create_task(meters.keep(limiter, lambda: [one.name for one in book.entries()]))
    try:
        yield Limits(
            book,
            store,
            limiter,
            breakers,
            LimitedTraffic(
                limiter,
                breakers,
                short_wait_s=settings.limits.short_wait_s,
                now=clock.now,
                random=Random(),  # noqa: S311 - spreads those who come back
                pools=lambda: [one.name for one in book.entries()],
            ),
        )
    finally:
        keeping.cancel()
        await limiter.close()
        await breakers.close()
        await ledger.close()
        await client.aclose()


def require_types(settings: Settings, registry: Registry) -> None:
    """Raise `SettingsFault` where a pool of the file counts job types that nobody can submit: a
    misspelt one would be a limit that does not hold."""
    faults = [
        f"{settings.config}: limits.{name}.types: there is no job type {one!r}; "
        "`haulage types list` shows all."
        for name, body in from_file(Path(settings.config)).items()
        for one in body.types
        if one not in registry
    ]
    if faults:
        raise SettingsFault("\n".join(faults))


async def _keep_reloading(book: PoolBook) -> None:
    while True:
        await asyncio.sleep(RELOAD_S)
        with suppress(Unavailable):
            await book.reload()
