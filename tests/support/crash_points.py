"""A database whose user dies before or after a commit, and comes back to do it again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from haulage.domain.errors import Unavailable
from haulage.storage.database import Database

Point = Literal["before", "after"]


class CrashingDatabase(Database):
    """`crash_at` strikes once: before a commit nothing lands, after it the answer is lost."""

    crash_at: Point | None = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        point, self.crash_at = self.crash_at, None
        async with super().transaction() as connection:
            yield connection
            if point == "before":
                raise Unavailable("the process died before the commit")
        if point == "after":
            raise Unavailable("the process died after the commit")

    @asynccontextmanager
    async def statement(self) -> AsyncIterator[AsyncConnection]:
        async with self.transaction() as connection:
            yield connection
