"""Who asked for what: an append-only table."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("caller_user", sa.Text()),
        sa.Column("caller_key", sa.Text()),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_tenant_id", "audit", ["tenant", "id"])
    op.create_index("ix_audit_request_id", "audit", ["request_id"])
    op.execute("""
        CREATE FUNCTION haulage_keep_audit() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'entries of the audit are never changed';
        END $$
    """)
    op.execute("""
        CREATE TRIGGER keep_audit BEFORE UPDATE ON audit
        FOR EACH STATEMENT EXECUTE FUNCTION haulage_keep_audit()
    """)


def downgrade() -> None:
    op.drop_table("audit")
    op.execute("DROP FUNCTION haulage_keep_audit()")
