"""Whether the tables fit this version, for the CLI and for the start of every process."""

from haulage.domain.errors import Unavailable
from haulage.settings import load
from haulage.storage import revisions


def migration_status() -> tuple[str | None, str]:
    """The tables' revision and this version's."""
    return revisions.status(load().require_database_url())


def require_tables(url: str) -> None:
    """Raise `Unavailable`, with the command that helps, unless the server and the tables fit."""
    revisions.check_server(url)
    current, newest = revisions.status(url)
    if current != newest:
        raise Unavailable(
            f"The tables are at revision {current or 'none'}; this version needs {newest}.",
            hint="Run `haulage db migrate`.",
        )
