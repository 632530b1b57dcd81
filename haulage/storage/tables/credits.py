"""The ledger of credits: entries that only come, and what they add up to."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID

from haulage.domain.credits import MOVES, OF_JOBS
from haulage.storage.tables.base import Moment, metadata, one_of

_MOVES = " OR ".join(
    f"kind = '{kind.value}' AND source = '{source.value}' AND target = '{target.value}'"
    for kind, (source, target) in MOVES.items()
)
_OF_JOBS = one_of("kind", [kind.value for kind in OF_JOBS])

# Whoever is in it is charged. Its row is the lock of the tenant's books; it is taken after the rows
# of jobs, and of several tenants in the order of their names.
credit_accounts = sa.Table(
    "credit_accounts",
    metadata,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("opened_at", Moment, nullable=False),
    # Sums of entries; what is available is the sum of what is left of the grants.
    sa.Column("reserved", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("spent", sa.BigInteger, nullable=False, server_default="0"),
    sa.CheckConstraint("reserved >= 0 AND spent >= 0", name="sums"),
)

# Both sides of a move in one row, so that no half of it can be missing. Never changed: a trigger
# holds it (migration). A tenant's numbers grow in the order of its commits.
credit_entries = sa.Table(
    "credit_entries",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("tenant", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("at", Moment, nullable=False),
    # No foreign key: entries outlive their jobs.
    sa.Column("job_id", UUID(as_uuid=True)),
    sa.Column("run", sa.Integer),
    sa.Column("grant_id", UUID(as_uuid=True)),
    sa.UniqueConstraint("job_id", "run", "kind"),
    sa.CheckConstraint("amount > 0", name="amount"),
    sa.CheckConstraint(_MOVES, name="move"),
    sa.CheckConstraint(
        f"({_OF_JOBS}) = (job_id IS NOT NULL) AND ({_OF_JOBS}) = (run IS NOT NULL) "
        f"AND ({_OF_JOBS}) = (grant_id IS NULL)",
        name="subject",
    ),
)
sa.Index("ix_credit_entries_tenant", credit_entries.c.tenant, credit_entries.c.id)

credit_grants = sa.Table(
    "credit_grants",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("tenant", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    # What nobody has reserved, spent or let expire.
    sa.Column("remaining", sa.BigInteger, nullable=False),
    sa.Column("granted_at", Moment, nullable=False),
    sa.Column("granted_by", sa.Text, nullable=False),
    sa.Column("expires_at", Moment),
    sa.Column("note", sa.Text),
    # The granter's own name for it, such as an invoice's number: it counts once.
    sa.Column("reference", sa.Text),
    sa.UniqueConstraint("tenant", "reference"),
    sa.CheckConstraint("amount > 0 AND remaining BETWEEN 0 AND amount", name="amount"),
)
sa.Index(
    "ix_credit_grants_open",
    credit_grants.c.tenant,
    credit_grants.c.expires_at,
    credit_grants.c.id,
    postgresql_where=sa.text("remaining > 0"),
)
sa.Index(
    "ix_credit_grants_due",
    credit_grants.c.expires_at,
    postgresql_where=sa.text("remaining > 0 AND expires_at IS NOT NULL"),
)

# From which grants the reservations that are open were taken; gone when they are settled.
credit_draws = sa.Table(
    "credit_draws",
    metadata,
    sa.Column("job_id", UUID(as_uuid=True), primary_key=True),
    sa.Column("run", sa.Integer, primary_key=True),
    sa.Column("grant_id", UUID(as_uuid=True), primary_key=True),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.CheckConstraint("amount > 0", name="amount"),
)
