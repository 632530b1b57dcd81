"""What PostgreSQL says when a transaction that called `haulage_submit` commits.

A wake-up without content: it may be lost with its connection, and the dispatcher looks by itself.
"""

from collections.abc import AsyncGenerator

import psycopg
import sqlalchemy as sa

from haulage.domain.errors import Unavailable
from haulage.storage.database import HINT, Database, translated

LISTEN = sa.text("LISTEN haulage_submitted")


async def listen(database: Database) -> AsyncGenerator[None, None]:
    """Once at the beginning, for what was said before; then once for each commit that is heard.

    Holds a connection of its own. Raises `Unavailable` when it is lost.
    """
    connection = await database.pinned()
    try:
        with translated():
            await connection.execute(LISTEN)
            raw = await connection.get_raw_connection()
        driver = raw.driver_connection
        assert isinstance(driver, psycopg.AsyncConnection)
        yield
        async for _ in driver.notifies():
            yield
    except psycopg.OperationalError as error:
        raise Unavailable("PostgreSQL does not answer.", hint=HINT) from error
    finally:
        # It still listens: nobody else may get it.
        await connection.invalidate()
        await connection.close()
