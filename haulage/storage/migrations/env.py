"""Runs the scripts in one transaction each, one migrator at a time."""

import sqlalchemy as sa
from alembic import context

from haulage.storage.tables import metadata

# Two `haulage db migrate` at once: the second waits, then finds nothing to do.
LOCK = 0x4841554C4D494752


def run() -> None:
    engine = sa.create_engine(context.config.attributes["url"], poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
        connection.execute(sa.text("SET lock_timeout = '5s'"))
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=metadata,
            compare_type=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
