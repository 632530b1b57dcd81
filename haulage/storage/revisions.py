"""At which revision a database is and whether its server will do.

Every process asks at its start, so this is done without alembic, whose import would take longer
than the questions: a migration's file begins with its revision, and the database says its own.
"""

from functools import cache
from importlib.resources import files

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from haulage.domain.errors import Unavailable
from haulage.storage.database import HINT, driver_url, is_connection_loss

OLDEST, NEWEST = 15, 18


def status(url: str) -> tuple[str | None, str]:
    """The revision the database is at (None: no tables yet) and the newest one there is."""
    engine = sa.create_engine(driver_url(url), poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            # Two statements: the second is not even parsed where there is no such table.
            known = connection.scalar(sa.text("SELECT to_regclass('alembic_version') IS NOT NULL"))
            current = (
                connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
                if known
                else None
            )
    except DBAPIError as error:
        if is_connection_loss(error):
            raise Unavailable("PostgreSQL does not answer.", hint=HINT) from error
        raise
    finally:
        engine.dispose()
    return current, newest()


@cache
def newest() -> str:
    """The newest revision there is."""
    versions = files("haulage.storage") / "migrations" / "versions"
    return max(file.name[:4] for file in versions.iterdir() if file.name[:4].isdecimal())


def check_server(url: str) -> int:
    """The server's major version; raises `Unavailable` when it is gone or too old."""
    engine = sa.create_engine(
        driver_url(url), poolclass=sa.NullPool, connect_args={"connect_timeout": 5}
    )
    try:
        with engine.connect() as connection:
            number = int(connection.scalar(sa.text("SHOW server_version_num")) or 0) // 10_000
    except DBAPIError as error:
        detail = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else "no answer"
        raise Unavailable(f"PostgreSQL does not let us in: {detail}", hint=HINT) from error
    finally:
        engine.dispose()
    if number < OLDEST:
        raise Unavailable(
            f"This is PostgreSQL {number}; Haulage needs {OLDEST} to {NEWEST}.",
            hint="Upgrade the server, or run `haulage up`, which brings its own.",
        )
    return number
