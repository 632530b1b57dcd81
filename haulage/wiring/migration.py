"""Migrations, for the CLI. Apart from `tables`: nobody else has to import alembic."""

from haulage.settings import load
from haulage.storage import migrate as migrations


def migrate() -> str:
    """Bring the tables up to this version; the revision they are at then."""
    settings = load()
    # A migration holds a lock of its session, which a pooler would lose.
    return migrations.migrate(settings.database.direct_url or settings.require_database_url())
