"""Failures of one cause share a fingerprint."""

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from haulage.domain.fingerprint import fingerprint

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BATCH = 5_000
# As text: a message may hold what PostgreSQL's own reading of JSON refuses.
FAILED = sa.text("""
SELECT id, type, CAST(error AS text) AS error FROM jobs
WHERE state = 'failed' AND (CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid))
ORDER BY id LIMIT :limit
""")
REMEMBER = sa.text("""
UPDATE jobs SET fingerprint = item.fingerprint
FROM unnest(CAST(:ids AS uuid[]), CAST(:fingerprints AS text[])) AS item (id, fingerprint)
WHERE jobs.id = item.id
""")


def upgrade() -> None:
    op.add_column("jobs", sa.Column("fingerprint", sa.Text(), nullable=True))
    _backfill(op.get_bind())
    op.create_check_constraint(
        op.f("ck_jobs_fingerprint"), "jobs", "(state = 'failed') = (fingerprint IS NOT NULL)"
    )
    op.create_index(
        "ix_jobs_fingerprint",
        "jobs",
        ["tenant", "fingerprint", "finished_at"],
        unique=False,
        postgresql_where=sa.text("state = 'failed' AND discarded_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        "ix_jobs_fingerprint",
        table_name="jobs",
        postgresql_where=sa.text("state = 'failed' AND discarded_at IS NULL"),
    )
    op.drop_constraint(op.f("ck_jobs_fingerprint"), "jobs")
    op.drop_column("jobs", "fingerprint")


def _backfill(connection: sa.Connection) -> None:
    after = None
    while rows := connection.execute(FAILED, {"after": after, "limit": BATCH}).all():
        connection.execute(
            REMEMBER, {"ids": [row.id for row in rows], "fingerprints": _fingerprints(rows)}
        )
        after = rows[-1].id


def _fingerprints(rows: Sequence[Any]) -> list[str]:
    errors = [json.loads(row.error) for row in rows]
    return [
        fingerprint(row.type, str(error.get("code", "")), str(error.get("message", "")))
        for row, error in zip(rows, errors, strict=True)
    ]
