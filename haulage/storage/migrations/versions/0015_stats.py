"""Tallies of what happens to jobs, and their sums by time."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# The function that submits counts as every other way does.
COUNTED = """INSERT INTO tallies (at, tenant, type, queue, kind, n)
    SELECT date_trunc('minute', created_at), tenant, type, queue, 'submitted', 1
    FROM jobs WHERE id = made;
    """
REPLACED = """
DO $$ BEGIN
    EXECUTE replace(pg_get_functiondef('haulage_submit'::regproc), $old${old}$old$, $new${new}$new$);
END $$
"""
EVENT = "INSERT INTO events (job_id"


def upgrade() -> None:
    op.create_table(
        "tallies",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("n", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "stats",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("step_s", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted", sa.BigInteger(), nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("succeeded", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("cancelled", sa.BigInteger(), nullable=False),
        sa.Column("latency", sa.JSON(), nullable=False),
        sa.Column("duration", sa.JSON(), nullable=False),
        sa.Column("failures", sa.JSON(), nullable=False),
        sa.CheckConstraint("step_s IN (60, 300, 3600)", name=op.f("ck_stats_step")),
        sa.PrimaryKeyConstraint("tenant", "step_s", "type", "queue", "at", name=op.f("pk_stats")),
    )
    op.create_index("ix_stats_age", "stats", ["step_s", "at"])
    _replace(EVENT, COUNTED + EVENT)


def downgrade() -> None:
    _replace(COUNTED + EVENT, EVENT)
    op.drop_table("stats")
    op.drop_table("tallies")


def _replace(old: str, new: str) -> None:
    # As it stands: no colon and no percent sign in it is a parameter.
    connection = op.get_bind().execution_options(no_parameters=True)
    connection.exec_driver_sql(REPLACED.replace("{old}", old).replace("{new}", new))
