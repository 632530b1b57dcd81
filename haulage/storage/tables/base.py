"""What all tables are made with: one metadata, its naming of constraints, and common columns."""

import sqlalchemy as sa

from haulage.domain.lifecycle import TERMINAL

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

Moment = sa.DateTime(timezone=True)


def one_of(column: str, values: list[str]) -> str:
    """A condition for a CHECK: `column` holds one of `values`."""
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({listed})"


# The condition of a row that no machine changes any more.
TERMINAL_STATE = one_of("state", sorted(TERMINAL))
