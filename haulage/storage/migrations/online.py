"""What migrations do to tables with many rows, while everybody else goes on.

Each of these ends the migration's transaction and works outside of one, so that a death in the
middle leaves something behind. Called again it begins anew with what is there: a migration that
uses them has to be harmless when it runs twice, and is best with nothing else in it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

_IS_VALID = sa.text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")
_IS_VALIDATED = sa.text("""
SELECT convalidated FROM pg_constraint WHERE conrelid = to_regclass(:table) AND conname = :name
""")


def create_index(
    name: str,
    table: str,
    columns: Sequence[str | sa.TextClause],
    *,
    unique: bool = False,
    where: str | None = None,
) -> None:
    """Build an index concurrently. One that a death has left invalid is dropped first; a valid one
    of that name stays."""
    with _unhurried() as connection:
        is_valid = connection.scalar(_IS_VALID, {"name": name})
        if is_valid:
            return
        if is_valid is False:
            op.drop_index(name, postgresql_concurrently=True)
        op.create_index(
            name,
            table,
            list(columns),
            unique=unique,
            postgresql_where=sa.text(where) if where else None,
            postgresql_concurrently=True,
        )


def drop_index(name: str) -> None:
    """Drop an index concurrently, if it is there."""
    with _unhurried():
        op.drop_index(name, if_exists=True, postgresql_concurrently=True)


def add_check(name: str, table: str, condition: str) -> None:
    """Add a CHECK: for new rows at once, then those that are there are looked through, which keeps
    nobody out. It holds for old code from the first moment on."""
    with op.get_context().autocommit_block():
        is_validated = op.get_bind().scalar(_IS_VALIDATED, {"name": name, "table": table})
        if is_validated is None:
            op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID")
        if not is_validated:
            op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


@contextmanager
def _unhurried() -> Iterator[sa.Connection]:
    """Nobody has to wait behind an index that is built or dropped concurrently; it itself waits for
    every transaction that is open."""
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        before = connection.scalar(sa.text("SHOW lock_timeout"))
        connection.execute(sa.text("SET lock_timeout = 0"))
        try:
            yield connection
        finally:
            connection.execute(
                sa.text("SELECT set_config('lock_timeout', :b, false)"), {"b": before}
            )
