"""Lists of a million jobs: indexes in the order of lists, tags apart, the error's text."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

AT_ONCE = 1_000
LANE = ("tenant", "queue", "type", "state")
LISTS = ("lanes_errors", "lanes_finished", "lanes_started", "lanes_created", "created")


def upgrade() -> None:
    op.create_table(
        "job_tags",
        sa.Column("tenant", sa.Text(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("job_id", sa.UUID(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant", "tag", "queue", "type", "created_at", "job_id", name="pk_job_tags"
        ),
    )
    op.execute(
        "INSERT INTO job_tags (tenant, tag, queue, type, created_at, job_id)"
        " SELECT DISTINCT tenant, unnest(tags), queue, type, created_at, id FROM jobs"
        " WHERE tags <> '{}'"
    )
    op.drop_index("ix_jobs_tags", table_name="jobs")

    op.add_column("jobs", sa.Column("error_text", sa.Text(), nullable=True))
    _fill_error_text(op.get_bind())
    op.create_check_constraint(
        op.f("ck_jobs_error_text"), "jobs", "(error_text IS NULL) = (error IS NULL)"
    )

    op.drop_index("ix_jobs_tenant_id", table_name="jobs")
    op.drop_index("ix_jobs_parent", table_name="jobs")
    op.drop_index("ix_jobs_dead", table_name="jobs")
    op.create_index("ix_jobs_created", "jobs", ["tenant", "created_at", "id"])
    op.create_index("ix_jobs_lanes_created", "jobs", [*LANE, "created_at", "id"])
    op.create_index(
        "ix_jobs_lanes_started",
        "jobs",
        [*LANE, "started_at", "id"],
        postgresql_where=sa.text("started_at IS NOT NULL"),
    )
    op.create_index(
        "ix_jobs_lanes_finished",
        "jobs",
        [*LANE, "finished_at", "id"],
        postgresql_where=sa.text("finished_at IS NOT NULL"),
    )
    op.create_index(
        "ix_jobs_lanes_errors",
        "jobs",
        [*LANE, "created_at", "id"],
        postgresql_include=["error_text"],
        postgresql_where=sa.text("error_text IS NOT NULL"),
    )
    op.create_index(
        "ix_jobs_parent",
        "jobs",
        ["parent_id", "created_at", "id"],
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_index(
        "ix_jobs_dead",
        "jobs",
        ["tenant", "created_at", "id"],
        postgresql_where=sa.text("state = 'failed' AND discarded_at IS NULL"),
    )


def _fill_error_text(connection: sa.Connection) -> None:
    """As the code does it now. Not in SQL: it refuses errors that hold NUL or half a character."""
    after = None
    while True:
        rows = connection.execute(
            sa.text(
                "SELECT id, CAST(error AS text) AS error FROM jobs WHERE error IS NOT NULL"
                " AND (CAST(:after AS uuid) IS NULL OR id > CAST(:after AS uuid))"
                " ORDER BY id LIMIT :limit"
            ),
            {"after": after, "limit": AT_ONCE},
        ).all()
        if not rows:
            return
        connection.execute(
            sa.text("UPDATE jobs SET error_text = :text WHERE id = :id"),
            [{"id": row.id, "text": _text(json.loads(row.error))} for row in rows],
        )
        after = rows[-1].id


def _text(error: Any) -> str:
    known = error if isinstance(error, dict) else {}
    text = f"{known.get('code', '')} {known.get('message', '')}".replace("\x00", "").lower()
    return text[:400].encode("utf-8", "replace")[:600].decode("utf-8", "ignore")


def downgrade() -> None:
    for name in ("dead", "parent", *LISTS):
        op.drop_index(f"ix_jobs_{name}", table_name="jobs")
    op.create_index(
        "ix_jobs_parent",
        "jobs",
        ["parent_id"],
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_index(
        "ix_jobs_dead",
        "jobs",
        ["tenant", "id"],
        postgresql_where=sa.text("state = 'failed' AND discarded_at IS NULL"),
    )
    op.create_index("ix_jobs_tenant_id", "jobs", ["tenant", "id"])
    op.drop_constraint(op.f("ck_jobs_error_text"), "jobs", type_="check")
    op.drop_column("jobs", "error_text")
    op.create_index(
        "ix_jobs_tags",
        "jobs",
        ["tags"],
        postgresql_using="gin",
        postgresql_where=sa.text("tags <> '{}'"),
    )
    op.drop_table("job_tags")
