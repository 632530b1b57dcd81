"""Brings the tables up to this version's. Running it twice, or twice at once, is harmless.

Everybody else goes on meanwhile: it waits for locks with patience (`migrations/patience.py`), and
it takes nothing away that live workers still ask for.
"""

from importlib.resources import files

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from haulage.storage.database import driver_url
from haulage.storage.migrations import marks
from haulage.storage.migrations.patience import Bounds, Tell, say_nothing
from haulage.storage.revisions import check_server, outgrown, standing


def config(url: str, *, tell: Tell = say_nothing, bounds: Bounds | None = None) -> Config:
    """Alembic's configuration; there is no alembic.ini to find."""
    made = Config()
    made.set_main_option("script_location", str(files("haulage.storage") / "migrations"))
    made.attributes["url"] = driver_url(url)
    made.attributes["tell"] = tell
    made.attributes["bounds"] = bounds or Bounds()
    return made


def migrate(url: str, *, tell: Tell = say_nothing, force: bool = False) -> str:
    """Upgrade to the newest revision, and `tell` a line about each step; returns the tables'
    revision then. Tables that are ahead stay so.

    Raises `Unavailable` when nothing answers, when a lock is not free for minutes, when the tables
    are ahead and this code does not fit them, and, unless told to `force` it, while workers are
    alive whose code would not fit them any more.
    """
    check_server(url)
    found = standing(url)
    if found.is_ahead:
        if not found.fits:
            raise outgrown(found)
        tell(f"the tables are at {found.current}, ahead of {found.newest}: nothing to do")
        return found.current or ""
    settings = config(url, tell=tell)
    if found.current and not found.is_current and not force:
        pending = ScriptDirectory.from_config(settings).iterate_revisions("head", found.current)
        marks.refuse_older_workers(url, max(marks.oldest_code(script) for script in pending))
    command.upgrade(settings, "head")
    return standing(url).current or ""
