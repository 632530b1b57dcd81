"""A job knows which user and which API key it was submitted by: limits count for them."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("caller_user", sa.Text()))
    op.add_column("jobs", sa.Column("caller_key", sa.Text()))


def downgrade() -> None:
    op.drop_column("jobs", "caller_key")
    op.drop_column("jobs", "caller_user")
