"""At which revision a database is, whether this code fits it, and whether its server will do.

Every process asks at its start, so this is done without alembic, whose import would take longer
than the questions: a migration's file begins with its revision, and the database says its own, and
the oldest one whose code still runs on it.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from haulage import __version__
from haulage.domain.errors import Unavailable
from haulage.storage.database import HINT, driver_url, is_connection_loss

OLDEST, NEWEST = 15, 18
_MARKS = sa.text("""
SELECT max(oldest_code), (SELECT version FROM migrations ORDER BY revision DESC LIMIT 1)
FROM migrations
""")


@dataclass(frozen=True, slots=True)
class Standing:
    """Tables against code. `current`: the tables' revision, None where there are none yet.
    `newest`: the newest one that this code has. `oldest_code`: the oldest revision whose code runs
    on these tables, None where they don't say. `migrated_by`: the version of Haulage that made
    them.
    """

    current: str | None
    newest: str
    oldest_code: str | None = None
    migrated_by: str | None = None

    @property
    def is_current(self) -> bool:
        """Tables and code are of one revision."""
        return self.current == self.newest

    @property
    def is_ahead(self) -> bool:
        """A newer version of Haulage has migrated them."""
        return self.current is not None and self.current > self.newest

    @property
    def fits(self) -> bool:
        """This code may run on these tables."""
        if self.is_ahead:
            return self.oldest_code is not None and self.newest >= self.oldest_code
        return self.is_current


def standing(url: str) -> Standing:
    """How the database's tables stand to this code. Raises `Unavailable`."""
    engine = sa.create_engine(driver_url(url), poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            # One by one: a statement is not even parsed where there is no such table.
            current = oldest = version = None
            if _is_there(connection, "alembic_version"):
                current = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
            if current and _is_there(connection, "migrations"):
                oldest, version = connection.execute(_MARKS).one()
    except DBAPIError as error:
        if is_connection_loss(error):
            raise Unavailable("PostgreSQL does not answer.", hint=HINT) from error
        raise
    finally:
        engine.dispose()
    return Standing(current, newest(), oldest, version)


def _is_there(connection: sa.Connection, table: str) -> bool:
    found = connection.scalar(sa.text("SELECT to_regclass(:name) IS NOT NULL"), {"name": table})
    return bool(found)


def outgrown(found: Standing) -> Unavailable:
    """What to say where the tables are ahead and this code does not fit them."""
    by = f"Haulage {found.migrated_by} has" if found.migrated_by else "A newer Haulage has"
    oldest = f"{found.oldest_code} or newer" if found.oldest_code else "a newer one"
    return Unavailable(
        f"{by} brought the tables to revision {found.current}. They carry code of revision "
        f"{oldest}; this is {__version__}, of {found.newest}.",
        hint="Run that version here: `pip install --upgrade haulage`, or its image.",
    )


@cache
def newest() -> str:
    """The newest revision there is."""
    versions = files("haulage.storage") / "migrations" / "versions"
    return max(file.name[:4] for file in versions.iterdir() if file.name[:4].isdecimal())


def check_server(url: str) -> int:
    """The server's major version; raises `Unavailable` when it is gone or too old, and when its
    database can't hold every text."""
    engine = sa.create_engine(
        driver_url(url),
        poolclass=sa.NullPool,
        # With SQL_ASCII the driver reads bytes where text is expected, unless it is told this.
        connect_args={"connect_timeout": 5, "client_encoding": "utf8"},
    )
    try:
        with engine.connect() as connection:
            number = int(connection.scalar(sa.text("SHOW server_version_num")) or 0) // 10_000
            encoding = str(connection.scalar(sa.text("SHOW server_encoding")))
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
    if encoding != "UTF8":
        raise Unavailable(
            f"The database's encoding is {encoding}; Haulage needs UTF8.",
            hint="CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0, and its name in the URL",
        )
    return number
