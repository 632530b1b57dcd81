"""Which code each migration still carries: kept beside it, in its own transaction."""

from collections.abc import Callable
from typing import Any, cast

import sqlalchemy as sa
from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script import Script

from haulage import __version__
from haulage.domain.errors import Unavailable
from haulage.storage.database import driver_url
from haulage.storage.migrations.patience import Tell

_IS_THERE = sa.text("SELECT to_regclass('migrations') IS NOT NULL")
_KEEP = sa.text("""
INSERT INTO migrations (revision, oldest_code, version, applied_at)
VALUES (:revision, :oldest_code, :version, now())
""")
_FORGET = sa.text("DELETE FROM migrations WHERE revision = :revision")
# As JSON: the tables may be so old that workers don't say it. Those that died are rescued and
# marked within seconds; after a minute of silence nobody is there.
_OLDER = sa.text("""
SELECT name, version FROM workers
WHERE ended_at IS NULL AND heartbeat_at > now() - interval '1 minute'
  AND coalesce(row_to_json(workers) ->> 'revision', '0027') < :oldest_code
ORDER BY name
""")
NAMED = 5


def oldest_code(script: Script) -> str:
    """The oldest revision whose code runs on the tables as `script` leaves them: what it says, else
    the one before it."""
    return str(getattr(script.module, "oldest_code", script.down_revision or script.revision))


def keeper(tell: Tell) -> Callable[..., None]:
    """What alembic calls at the end of each step, before it commits."""

    def keep(*, ctx: MigrationContext, step: MigrationInfo, **_: Any) -> None:
        script = cast(Script, step.up_revision)
        connection = ctx.connection
        assert connection is not None
        about = {"revision": script.revision}
        tell(f"{script.revision}  {script.doc}" if step.is_upgrade else f"{script.revision} undone")
        if not connection.scalar(_IS_THERE):
            return
        if step.is_upgrade:
            said = {"oldest_code": oldest_code(script), "version": __version__}
            connection.execute(_KEEP, {**about, **said})
        else:
            connection.execute(_FORGET, about)

    return keep


def refuse_older_workers(url: str, oldest: str) -> None:
    """Raise `Unavailable` while a live worker's code would not run on tables that carry none older
    than `oldest`."""
    engine = sa.create_engine(driver_url(url), poolclass=sa.NullPool)
    with engine.connect() as connection:
        found = connection.execute(_OLDER, {"oldest_code": oldest}).all()
    if not found:
        return
    names = ", ".join(f"{one.name} ({one.version})" for one in found[:NAMED])
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    raise Unavailable(
        f"This would take away what code older than revision {oldest} asks for, and workers of "
        f"such code run: {names}{more}. They would fail at each job.",
        hint="Bring all processes to a version in between first, or stop them all and migrate "
        "then; `haulage db migrate --force` does not ask.",
    )
