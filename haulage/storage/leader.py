"""Leadership by a PostgreSQL advisory lock: at most one leader for a name at any time.

The lock lives as long as its connection. A leader that dies, or whose connection is cut, loses it
at once; `held` asks the server, so a leader that was cut off learns it before its next act.
"""

import zlib

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from haulage.storage.database import Database, is_connection_loss, translated

SPACE = 0x4841554C


_LED = sa.text("""
SELECT EXISTS (
    SELECT 1 FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND objsubid = 2
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND classid = CAST(:space AS oid) AND objid = CAST(:key AS oid)
)
""")


async def led(database: Database, name: str) -> bool:
    """Whether anybody leads `name` now; asks without competing."""
    async with database.reading() as connection:
        # pg_locks shows both halves of the lock's id unsigned.
        key = zlib.crc32(name.encode())
        return bool(await connection.scalar(_LED, {"space": SPACE, "key": key}))


class Leader:
    """A candidate for the leadership called `name`."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._key = zlib.crc32(name.encode())
        self._connection: AsyncConnection | None = None

    async def acquire(self) -> bool:
        """Try to lead; True when this candidate leads now (also when it did already).

        Raises `Unavailable`.
        """
        if await self.held():
            return True
        connection = await self._database.pinned()
        try:
            with translated():
                got = await connection.scalar(
                    sa.text("SELECT pg_try_advisory_lock(:space, :key)"), self._lock_id
                )
        except BaseException:
            # Whether it holds the lock is unknown: such a connection must not go back to the pool.
            await connection.invalidate()
            await connection.close()
            raise
        if not got:
            await connection.close()
            return False
        self._connection = connection
        return True

    async def held(self) -> bool:
        """Whether this candidate leads, checked over the connection that holds the lock."""
        if self._connection is None:
            return False
        try:
            await self._connection.execute(sa.text("SELECT 1"))
        except (DBAPIError, OSError) as error:
            connection, self._connection = self._connection, None
            await connection.invalidate()
            await connection.close()
            if not is_connection_loss(error):
                raise
            return False
        return True

    async def release(self) -> None:
        """Step down, if leading."""
        if self._connection is None:
            return
        connection, self._connection = self._connection, None
        try:
            await connection.execute(
                sa.text("SELECT pg_advisory_unlock(:space, :key)"), self._lock_id
            )
        except (DBAPIError, OSError):
            await connection.invalidate()
        await connection.close()

    @property
    def _lock_id(self) -> dict[str, int]:
        # Two 32-bit keys: ours, and the name's; signed, as PostgreSQL wants them.
        return {"space": SPACE, "key": self._key - (1 << 32 if self._key >> 31 else 0)}
