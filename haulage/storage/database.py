"""The one door to PostgreSQL, and the only place that commits.

Promises: everything inside `transaction()` lands together or not at all, and a connection that is
lost surfaces as `Unavailable`, never as a driver's error. A commit whose answer was lost may have
landed: callers write so that doing it again is harmless.
"""

import asyncio
import select
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from haulage.domain.clock import SystemClock
from haulage.domain.errors import Unavailable
from haulage.storage import sql_spans
from haulage.storage.sealing import PLAIN, Sealer
from haulage.telemetry import tracing

HINT = (
    "Check HAULAGE_DATABASE_URL and that PostgreSQL runs there, "
    "or run `haulage up`, which starts one on this machine."
)

PREPARE_AFTER = 5
# How long somebody waits for a connection.
TURN_S = 30.0


def driver_url(url: str) -> sa.URL:
    """`postgres://…` and `postgresql://…` as SQLAlchemy reads them, on psycopg 3."""
    parsed = sa.make_url(url.replace("postgres://", "postgresql://", 1))
    return parsed.set(drivername="postgresql+psycopg")


class Database:
    """A pool of connections to one PostgreSQL.

    `pooled`: the server's sessions are lent for one transaction each (PgBouncer's transaction
    mode), so nothing is prepared or set in them, and nobody may be `pinned` to one.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 8,
        connect_timeout_s: float = 5.0,
        name: str = "haulage",
        pooled: bool = False,
        sealer: Sealer = PLAIN,
    ) -> None:
        # Every store has a door, and what it writes through it is sealed in one way.
        self.sealer = sealer
        self.url = driver_url(url)
        # The pool gives a connection to whoever asks next, and who waits for one may wait for ever
        # while others come. Turns go in order.
        self._size = pool_size
        self._turns = _Turns(pool_size)
        self._engine: AsyncEngine = create_async_engine(
            self.url,
            # Most of what is asked is one statement. Switching each connection there and back for
            # it takes a quarter of the statement's time; a transaction has longer ways anyhow.
            isolation_level="AUTOCOMMIT",
            skip_autocommit_rollback=True,
            pool_size=pool_size,
            max_overflow=0,
            # The connection used last is the one whose plans are made and whose caches are warm.
            pool_use_lifo=True,
            pool_timeout=TURN_S,
            pool_pre_ping=False,
            # Parameters hold documents; an error's text ends up in logs.
            hide_parameters=True,
            connect_args={
                "connect_timeout": max(1, round(connect_timeout_s)),
                "application_name": name,
                # psycopg prepares what it has sent five times; None: never.
                "prepare_threshold": None if pooled else PREPARE_AFTER,
                # A peer that vanished without a FIN is noticed in seconds, not hours.
                "keepalives_idle": 5,
                "keepalives_interval": 2,
                "keepalives_count": 3,
                # The same for one that vanished with our bytes on the way (milliseconds).
                "tcp_user_timeout": 10_000,
            },
        )

        # The same connections.
        self._committing = self._engine.execution_options(isolation_level="READ COMMITTED")
        if not pooled:
            sa.event.listen(self._engine.sync_engine, "connect", _go_by_indexes)
        sa.event.listen(self._engine.sync_engine, "checkout", _refuse_closed)
        if tracing.is_on():
            sql_spans.watch(self._engine.sync_engine)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """One transaction: committed at the end of the block, rolled back on any error."""
        with translated():
            async with self._turns, self._committing.begin() as connection:
                yield connection

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[AsyncConnection]:
        """A connection for one statement that writes, in autocommit: it lands whole or not at all,
        in one round trip where a transaction takes three."""
        async with self.reading() as connection:
            yield connection

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """A connection for reads, in autocommit: one round trip a statement."""
        with translated():
            async with self._turns, self._engine.connect() as connection:
                yield connection

    async def pinned(self) -> AsyncConnection:
        """A connection in autocommit for a session-wide lock; the caller closes it. Not of a
        database that is `pooled`."""
        with translated():
            return await self._engine.connect()

    async def now(self) -> datetime:
        """PostgreSQL's clock."""
        async with self.reading() as connection:
            moment = (await connection.execute(sa.text("SELECT clock_timestamp()"))).scalar_one()
        assert isinstance(moment, datetime)
        return moment

    async def calibrate(self, clock: SystemClock) -> None:
        """Move `clock` onto PostgreSQL's; good to within one round trip."""
        clock.calibrate(await self.now())

    async def close(self) -> None:
        """Give all connections back; who asks next, also on another event loop, gets new ones."""
        await self._engine.dispose()
        self._turns = _Turns(self._size)


class _Turns(asyncio.Semaphore):
    """First come, first served; raises `TimeoutError` to who waits for longer than `TURN_S`."""

    async def acquire(self) -> Literal[True]:
        if not self.locked():
            return await super().acquire()
        async with asyncio.timeout(TURN_S):
            return await super().acquire()


def _go_by_indexes(dbapi_connection: Any, _record: Any) -> None:
    """Have every statement of this connection find its rows by an index where there is one.

    Plans are kept by the connection. One made while a table was small reads all of it, and goes on
    doing so while the table grows: minutes, until PostgreSQL's next ANALYZE (decision 022).
    """
    cursor = dbapi_connection.cursor()
    cursor.execute("SET enable_seqscan = off")
    cursor.close()
    dbapi_connection.commit()


def _refuse_closed(dbapi_connection: Any, _record: Any, _proxy: Any) -> None:
    """Have the pool replace a connection that the server has closed while it lay idle.

    An idle connection has nothing to say: one that can be read has been closed, or is about to be.
    Asking the socket costs no round trip.
    """
    driver = dbapi_connection.driver_connection
    if driver.closed:
        raise DisconnectionError("this connection was closed")
    descriptor = driver.fileno()
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    if poll.poll(0):
        raise DisconnectionError("the server closed this connection while it was idle")


class translated:  # noqa: N801 - reads as a verb at the call site
    """Turn a lost connection into `Unavailable`; leave every other error alone."""

    def __enter__(self) -> None: ...

    def __exit__(self, _type: object, error: BaseException | None, _tb: object) -> None:
        if is_connection_loss(error):
            raise Unavailable("PostgreSQL does not answer.", hint=HINT) from error


def is_connection_loss(error: BaseException | None) -> bool:
    """Whether the connection, not the statement, is at fault."""
    if isinstance(error, PoolTimeout | OSError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    state: str | None = getattr(error.orig, "sqlstate", None)
    if state is None:
        return isinstance(error, OperationalError | InterfaceError)
    # 08: connection exceptions, 57P: shutdown and crash, 53300: too many connections.
    return state.startswith(("08", "57P")) or state == "53300"
