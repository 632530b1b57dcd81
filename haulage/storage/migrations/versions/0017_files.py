"""What is found in files on their arrival, and which jobs use them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

UUIDS = "regexp_matches({text}, '[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}', 'gi')"
# The function that submits does not know where in an input files are named: every id in it that is
# a file of the tenant is one.
LINKED = f"""IF declared.takes_files THEN
        INSERT INTO job_files (job_id, file_id)
        SELECT made, held.id FROM files AS held
        WHERE held.tenant = haulage_submit.tenant AND held.id IN (
            SELECT CAST(found[1] AS uuid)
            FROM {UUIDS.replace("{text}", "haulage_submit.input::text")} AS found)
        FOR KEY SHARE;
    END IF;
    """  # noqa: S608 - all of it is ours
EVENT = "INSERT INTO events (job_id"
REPLACED = """
DO $$ BEGIN
    EXECUTE replace(pg_get_functiondef('haulage_submit'::regproc), $old${old}$old$, $new${new}$new$);
END $$
"""
# Jobs from before go on having their files.
KNOWN_JOBS = f"""
INSERT INTO job_files (job_id, file_id)
SELECT DISTINCT jobs.id, files.id
FROM jobs CROSS JOIN LATERAL {UUIDS.replace("{text}", "jobs.input::text")} AS found
JOIN files ON files.id = CAST(found[1] AS uuid) AND files.tenant = jobs.tenant
"""  # noqa: S608 - all of it is ours


def upgrade() -> None:
    for column in (
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("fault_code", sa.Text(), nullable=True),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("idle_since", sa.DateTime(timezone=True), nullable=True),
    ):
        op.add_column("files", column)
    op.create_check_constraint(op.f("ck_files_size"), "files", "size >= 0")
    op.create_check_constraint(op.f("ck_files_pages"), "files", "pages >= 1")
    op.create_check_constraint(
        op.f("ck_files_fault"), "files", "(fault_code IS NULL) = (fault IS NULL)"
    )
    op.create_index(
        "ix_files_idle",
        "files",
        ["idle_since"],
        postgresql_where=sa.text("idle_since IS NOT NULL"),
    )
    op.create_table(
        "job_files",
        sa.Column("job_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.Column("file_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.PrimaryKeyConstraint("job_id", "file_id", name=op.f("pk_job_files")),
    )
    op.create_index("ix_job_files_file_id", "job_files", ["file_id"])
    op.add_column(
        "job_types",
        sa.Column("takes_files", sa.Boolean(), server_default=sa.true(), nullable=False),
    )
    op.execute("UPDATE files SET idle_since = now()")
    connection = _as_it_stands()
    if connection.exec_driver_sql("SELECT EXISTS (SELECT FROM files)").scalar():
        connection.exec_driver_sql(KNOWN_JOBS)
    _replace(EVENT, LINKED + EVENT)


def downgrade() -> None:
    _replace(LINKED + EVENT, EVENT)
    op.drop_column("job_types", "takes_files")
    op.drop_table("job_files")
    for constraint in ("size", "pages", "fault"):
        op.drop_constraint(op.f(f"ck_files_{constraint}"), "files", type_="check")
    for column in ("idle_since", "fault", "fault_code", "pages"):
        op.drop_column("files", column)


def _replace(old: str, new: str) -> None:
    _as_it_stands().exec_driver_sql(REPLACED.replace("{old}", old).replace("{new}", new))


def _as_it_stands() -> sa.Connection:
    """No colon and no percent sign in a statement is a parameter."""
    return op.get_bind().execution_options(no_parameters=True)
