"""Who may call: API keys. Of a key itself only the digest is kept."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from haulage.domain.scope import Scope
from haulage.storage.tables.base import Moment, metadata

_SCOPES = ", ".join(f"'{scope}'" for scope in Scope)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("tenant", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("prefix", sa.Text, nullable=False),
    sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("scopes", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("expires_at", Moment),
    sa.Column("replaces", sa.Uuid),
    sa.Column("revoked_at", Moment),
    sa.Column("revoked_by", sa.Text),
    # Written lazily; for people, who look for keys that nobody uses.
    sa.Column("last_used_at", Moment),
    sa.Column("last_used_from", sa.Text),
    sa.CheckConstraint("octet_length(digest) = 32", name="digest"),
    sa.CheckConstraint(
        f"cardinality(scopes) > 0 AND scopes <@ ARRAY[{_SCOPES}]::text[]", name="scopes"
    ),
    sa.CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revoked"),
    sa.CheckConstraint("(last_used_at IS NULL) = (last_used_from IS NULL)", name="used"),
)


# Written once and never changed: a trigger refuses it (migration 0022).
audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("tenant", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("caller_user", sa.Text),
    sa.Column("caller_key", sa.Text),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("request_id", sa.Text, nullable=False),
)
sa.Index("ix_audit_tenant_id", audit.c.tenant, audit.c.id)
sa.Index("ix_audit_action_id", audit.c.action, audit.c.id)
sa.Index("ix_audit_subject_action_id", audit.c.subject, audit.c.action, audit.c.id)
sa.Index("ix_audit_at", audit.c.at)
sa.Index("ix_audit_request_id", audit.c.request_id)
