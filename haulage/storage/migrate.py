"""Brings the tables up to this version's. Running it twice, or twice at once, is harmless."""

from importlib.resources import files

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError

from haulage.domain.errors import Unavailable
from haulage.storage.database import HINT, driver_url, is_connection_loss

OLDEST, NEWEST = 15, 18


def config(url: str) -> Config:
    """Alembic's configuration; there is no alembic.ini to find."""
    made = Config()
    made.set_main_option("script_location", str(files("haulage.storage") / "migrations"))
    made.attributes["url"] = driver_url(url)
    return made


def migrate(url: str) -> str:
    """Upgrade to the newest revision; returns it. Raises `Unavailable` when nothing answers."""
    check_server(url)
    command.upgrade(config(url), "head")
    return status(url)[0] or ""


def status(url: str) -> tuple[str | None, str]:
    """The revision the database is at (None: no tables yet) and the newest one there is."""
    newest = ScriptDirectory.from_config(config(url)).get_current_head()
    engine = sa.create_engine(driver_url(url), poolclass=sa.NullPool)
    try:
        with engine.connect() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
    except DBAPIError as error:
        if is_connection_loss(error):
            raise Unavailable("PostgreSQL does not answer.", hint=HINT) from error
        raise
    finally:
        engine.dispose()
    assert newest is not None
    return current, newest


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
