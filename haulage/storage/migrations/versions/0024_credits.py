"""A ledger of credits; what jobs cost."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

# Jobs that reserve credits are not submitted in a caller's transaction: for as long as that is open
# nobody else could spend a credit of the tenant.
PRICED = """IF declared.is_priced AND EXISTS (
        SELECT FROM credit_accounts AS held WHERE held.tenant = haulage_submit.tenant) THEN
        RAISE EXCEPTION USING ERRCODE = 'HG005',
            MESSAGE = format('Jobs of %s cost credits and %L is charged.', declared.name,
                             haulage_submit.tenant),
            HINT = 'Submit them over HTTP after your commit, under an idempotency key.';
    END IF;

    """
KEYED = "IF haulage_submit.idempotency_key IS NOT NULL THEN"
REPLACED = """
DO $$ BEGIN
    EXECUTE replace(pg_get_functiondef('haulage_submit'::regproc), $old${old}$old$, $new${new}$new$);
END $$
"""
APPEND_ONLY = """
CREATE FUNCTION haulage_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Entries of the ledger are never changed; make another one.';
END
$$
"""
HELD = """
CREATE TRIGGER append_only BEFORE UPDATE ON credit_entries
FOR EACH STATEMENT EXECUTE FUNCTION haulage_append_only()
"""
OF_JOBS = "kind IN ('reserve', 'charge', 'refund')"
MOVES = (
    ("grant", "issued", "available"),
    ("reserve", "available", "reserved"),
    ("charge", "reserved", "spent"),
    ("refund", "reserved", "available"),
    ("expire", "available", "expired"),
)


def upgrade() -> None:
    op.add_column("jobs", sa.Column("price_credits", sa.BigInteger()))
    op.add_column("jobs", sa.Column("cost_credits", sa.BigInteger()))
    op.create_check_constraint(
        op.f("ck_jobs_credits"),
        "jobs",
        "CASE WHEN price_credits IS NULL THEN cost_credits IS NULL "
        "ELSE price_credits > 0 AND coalesce(cost_credits, 0) BETWEEN 0 AND run * price_credits "
        "END",
    )
    op.add_column(
        "job_types",
        sa.Column("is_priced", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_table(
        "credit_accounts",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reserved", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("spent", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("reserved >= 0 AND spent >= 0", name=op.f("ck_credit_accounts_sums")),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_credit_accounts")),
    )
    moves = " OR ".join(
        f"kind = '{kind}' AND source = '{source}' AND target = '{target}'"
        for kind, source, target in MOVES
    )
    op.create_table(
        "credit_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("job_id", postgresql.UUID(as_uuid=True)),
        sa.Column("run", sa.Integer()),
        sa.Column("grant_id", postgresql.UUID(as_uuid=True)),
        sa.CheckConstraint("amount > 0", name=op.f("ck_credit_entries_amount")),
        sa.CheckConstraint(moves, name=op.f("ck_credit_entries_move")),
        sa.CheckConstraint(
            f"({OF_JOBS}) = (job_id IS NOT NULL) AND ({OF_JOBS}) = (run IS NOT NULL) "
            f"AND ({OF_JOBS}) = (grant_id IS NULL)",
            name=op.f("ck_credit_entries_subject"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_entries")),
        sa.UniqueConstraint(
            "job_id", "run", "kind", name=op.f("uq_credit_entries_job_id_run_kind")
        ),
    )
    op.create_index("ix_credit_entries_tenant", "credit_entries", ["tenant", "id"])
    op.create_table(
        "credit_grants",
        sa.Column("id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("remaining", sa.BigInteger(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("granted_by", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("note", sa.Text()),
        sa.Column("reference", sa.Text()),
        sa.CheckConstraint(
            "amount > 0 AND remaining BETWEEN 0 AND amount", name=op.f("ck_credit_grants_amount")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_grants")),
        sa.UniqueConstraint("tenant", "reference", name=op.f("uq_credit_grants_tenant_reference")),
    )
    op.create_index(
        "ix_credit_grants_open",
        "credit_grants",
        ["tenant", "expires_at", "id"],
        postgresql_where=sa.text("remaining > 0"),
    )
    op.create_index(
        "ix_credit_grants_due",
        "credit_grants",
        ["expires_at"],
        postgresql_where=sa.text("remaining > 0 AND expires_at IS NOT NULL"),
    )
    op.create_table(
        "credit_draws",
        sa.Column("job_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("grant_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_credit_draws_amount")),
        sa.PrimaryKeyConstraint("job_id", "run", "grant_id", name=op.f("pk_credit_draws")),
    )
    for statement in (APPEND_ONLY, HELD):
        _as_it_stands().exec_driver_sql(statement)
    _replace(KEYED, PRICED + KEYED)


def downgrade() -> None:
    _replace(PRICED + KEYED, KEYED)
    for table in ("credit_draws", "credit_grants", "credit_entries", "credit_accounts"):
        op.drop_table(table)
    op.execute("DROP FUNCTION haulage_append_only")
    op.drop_column("job_types", "is_priced")
    op.drop_constraint(op.f("ck_jobs_credits"), "jobs", type_="check")
    op.drop_column("jobs", "cost_credits")
    op.drop_column("jobs", "price_credits")


def _replace(old: str, new: str) -> None:
    _as_it_stands().exec_driver_sql(REPLACED.replace("{old}", old).replace("{new}", new))


def _as_it_stands() -> sa.Connection:
    """No colon and no percent sign in a statement is a parameter."""
    return op.get_bind().execution_options(no_parameters=True)
