"""Indexes of jobs that hold no duplicates don't look for any."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

# It counts for what is written from now on; no lock keeps anybody out.
INDEXES = (
    "pk_jobs",
    "ix_jobs_created",
    "ix_jobs_lanes_created",
    "ix_jobs_lanes_started",
    "ix_jobs_lanes_finished",
)


def upgrade() -> None:
    for index in INDEXES:
        op.execute(f"ALTER INDEX {index} SET (deduplicate_items = 'off')")


def downgrade() -> None:
    for index in INDEXES:
        op.execute(f"ALTER INDEX {index} RESET (deduplicate_items)")
