"""Endpoints outside that are told of jobs, and what they are told."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from haulage.domain.webhook import DeliveryState, Telling
from haulage.storage.tables.base import Moment, metadata, one_of

webhooks = sa.Table(
    "webhooks",
    metadata,
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("tenant", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("events", ARRAY(sa.Text), nullable=False),
    sa.Column("jobs", sa.Text, nullable=False),
    # Sealed (connectors/vault.py), the one that counts first: [{"sealed": …, "until": null}, …].
    sa.Column("secrets", sa.JSON, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    # Tries in a row that failed, since when, and until when it is left in peace.
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column("failing_since", Moment),
    sa.Column("rest_until", Moment),
    sa.Column("disabled_at", Moment),
    sa.Column("disabled_by", sa.Text),
    sa.UniqueConstraint("tenant", "name", name="uq_webhooks_tenant_name"),
    sa.CheckConstraint(one_of("jobs", [telling.value for telling in Telling]), name="jobs"),
    sa.CheckConstraint("cardinality(events) > 0", name="events"),
    sa.CheckConstraint("(failures = 0) = (failing_since IS NULL)", name="failing"),
    sa.CheckConstraint("(disabled_at IS NULL) = (disabled_by IS NULL)", name="disabled"),
)
# Every statement that ends jobs asks it whether there is anybody to tell.
sa.Index("ix_webhooks_enabled", webhooks.c.tenant, postgresql_where=sa.text("disabled_at IS NULL"))

webhook_deliveries = sa.Table(
    "webhook_deliveries",
    metadata,
    # The same in every try and replay: by it a receiver knows what it has had.
    sa.Column("id", UUID(as_uuid=True), primary_key=True),
    sa.Column("webhook_id", UUID(as_uuid=True), nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    # The job's event that it tells of; NULL for what is about no job.
    sa.Column("job_id", UUID(as_uuid=True)),
    sa.Column("seq", sa.BigInteger),
    sa.Column("about", sa.JSON, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default="pending"),
    # Tries since it was made or replayed; `tried` counts all of them.
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("tried", sa.Integer, nullable=False, server_default="0"),
    sa.Column("due_at", Moment, nullable=False),
    sa.Column("tried_at", Moment),
    sa.Column("ended_at", Moment),
    # What came of the last try: the answer's status and its beginning, or why there was none.
    sa.Column("status", sa.Integer),
    sa.Column("fault", sa.Text),
    sa.Column("excerpt", sa.Text),
    sa.Column("took_s", sa.Float),
    sa.CheckConstraint(one_of("state", [state.value for state in DeliveryState]), name="state"),
    sa.CheckConstraint("(state = 'pending') = (ended_at IS NULL)", name="ended"),
    sa.CheckConstraint("(job_id IS NULL) = (seq IS NULL)", name="job"),
    sa.CheckConstraint("tries >= 0 AND tried >= tries", name="tries"),
)
# A job's event is told once to each endpoint, however often the statement runs that ends it.
sa.Index(
    "uq_webhook_deliveries_once",
    webhook_deliveries.c.webhook_id,
    webhook_deliveries.c.job_id,
    webhook_deliveries.c.seq,
    unique=True,
)
sa.Index(
    "ix_webhook_deliveries_due",
    webhook_deliveries.c.webhook_id,
    webhook_deliveries.c.due_at,
    postgresql_where=sa.text("state = 'pending'"),
)
sa.Index(
    "ix_webhook_deliveries_listed",
    webhook_deliveries.c.webhook_id,
    webhook_deliveries.c.at,
    webhook_deliveries.c.id,
)
sa.Index(
    "ix_webhook_deliveries_ended",
    webhook_deliveries.c.ended_at,
    postgresql_where=sa.text("ended_at IS NOT NULL"),
)
