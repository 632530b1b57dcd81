"""Steps that a tenant's jobs share."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shared_steps",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.JSON()),
        sa.Column("value_ref", sa.Text()),
        sa.Column("size", sa.BigInteger()),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "mark", name=op.f("pk_shared_steps")),
        sa.CheckConstraint("octet_length(mark) = 32", name=op.f("ck_shared_steps_mark")),
        sa.CheckConstraint(
            "value IS NOT NULL OR value_ref IS NOT NULL", name=op.f("ck_shared_steps_value")
        ),
    )
    op.create_index("ix_shared_steps_made_at", "shared_steps", ["made_at"])
    op.create_index(
        "ix_shared_steps_value_ref",
        "shared_steps",
        ["value_ref"],
        postgresql_where=sa.text("value_ref IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("shared_steps")
