"""Deaths in company are suspicions, apart from crashes."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("suspicion", sa.Integer(), server_default="0", nullable=False))
    op.add_column("crashes", sa.Column("company", sa.Integer(), server_default="1", nullable=False))


def downgrade() -> None:
    op.drop_column("crashes", "company")
    op.drop_column("jobs", "suspicion")
