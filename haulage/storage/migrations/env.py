"""What alembic runs: the scripts in a transaction each, one migrator at a time, with patience."""

import sqlalchemy as sa
from alembic import context

from haulage.storage.migrations import marks, patience
from haulage.storage.tables import metadata


def run() -> None:
    given = context.config.attributes
    tell = given.get("tell", patience.say_nothing)
    bounds = given.get("bounds", patience.Bounds())
    engine = sa.create_engine(given["url"], poolclass=sa.NullPool)
    with engine.connect() as connection:
        patience.take_turn(connection, bounds, tell)
        with patience.told_of_blockers(engine, connection, tell):
            patience.persist(connection, bounds, tell, lambda: _migrate(connection, tell))
    engine.dispose()


def _migrate(connection: sa.Connection, tell: patience.Tell) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        compare_type=True,
        transaction_per_migration=True,
        on_version_apply=marks.keeper(tell),
    )
    with context.begin_transaction():
        context.run_migrations()


run()
