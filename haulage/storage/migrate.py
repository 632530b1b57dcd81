"""Brings the tables up to this version's. Running it twice, or twice at once, is harmless."""

from importlib.resources import files

from alembic import command
from alembic.config import Config

from haulage.storage.database import driver_url
from haulage.storage.revisions import check_server, status


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
