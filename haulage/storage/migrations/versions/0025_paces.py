"""Workers say how many jobs of each queue they end in a second."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("workers", sa.Column("paces", sa.JSON))


def downgrade() -> None:
    op.drop_column("workers", "paces")
