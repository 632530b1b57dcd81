"""Migrations, for the CLI. Apart from `tables`: nobody else has to import alembic."""

from collections.abc import Callable

from haulage.settings import load
from haulage.storage import migrate as migrations


def migrate(tell: Callable[[str], None], *, force: bool = False) -> str:
    """Bring the tables up to this version, and `tell` how it goes; the revision that they have."""
    settings = load()
    # A migration holds a lock of its session, which a pooler would lose.
    url = settings.database.direct_url or settings.require_database_url()
    return migrations.migrate(url, tell=tell, force=force)
