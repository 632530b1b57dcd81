"""How far each worker's machine is from PostgreSQL's clock."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("workers", sa.Column("clock_ahead_s", sa.Float(), nullable=True))


def downgrade() -> None:
    op.drop_column("workers", "clock_ahead_s")
