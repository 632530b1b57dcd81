"""Tables say which code still fits them, and workers which tables they know."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None
oldest_code = "0027"


def upgrade() -> None:
    op.create_table(
        "migrations",
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("oldest_code", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            'oldest_code <= revision COLLATE "C"', name=op.f("ck_migrations_oldest_code")
        ),
        sa.PrimaryKeyConstraint("revision", name=op.f("pk_migrations")),
    )
    op.add_column("workers", sa.Column("revision", sa.Text()))


def downgrade() -> None:
    op.drop_column("workers", "revision")
    op.drop_table("migrations")
