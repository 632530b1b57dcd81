"""The audit is looked through by who acted and by what was done."""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_audit_action_id", "audit", ["action", "id"])
    op.create_index("ix_audit_subject_action_id", "audit", ["subject", "action", "id"])


def downgrade() -> None:
    op.drop_index("ix_audit_subject_action_id", "audit")
    op.drop_index("ix_audit_action_id", "audit")
