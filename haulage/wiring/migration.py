"""Migrations, for the CLI. Apart from `tables`: nobody else has to import alembic."""

from haulage.settings import load
from haulage.storage import migrate as migrations


def migrate() -> str:
    """Bring the tables up to this version; the revision they are at then."""
    return migrations.migrate(load().require_database_url())
