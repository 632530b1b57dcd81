"""Whether the tables fit this version, for the CLI and for the start of every process."""

from haulage.domain.errors import Unavailable
from haulage.settings import load
from haulage.storage import revisions
from haulage.storage.revisions import Standing


def migration_status() -> Standing:
    """The tables against this version."""
    return revisions.standing(load().require_database_url())


def require_tables(url: str) -> None:
    """Raise `Unavailable`, with the command that helps, unless the server and the tables fit.

    Tables that a newer version has migrated fit as long as they say that this code runs on them.
    """
    revisions.check_server(url)
    found = revisions.standing(url)
    if found.fits:
        return
    if found.is_ahead:
        raise revisions.outgrown(found)
    raise Unavailable(
        f"The tables are at revision {found.current or 'none'}; this version needs {found.newest}.",
        hint="Run `haulage db migrate`.",
    )
