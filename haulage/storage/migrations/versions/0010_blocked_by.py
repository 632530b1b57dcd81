"""A worker whose loop is held says by which job."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("workers", sa.Column("blocked_by", sa.UUID()))


def downgrade() -> None:
    op.drop_column("workers", "blocked_by")
