"""A suspect's ring says whether it is for a process of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "jobs", sa.Column("alone", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.create_index(
        "ix_jobs_alone",
        "jobs",
        ["id"],
        postgresql_where=sa.text("alone AND state IN ('queued', 'running')"),
    )


def downgrade() -> None:
    op.drop_index("ix_jobs_alone", table_name="jobs")
    op.drop_column("jobs", "alone")
