"""A version that is ahead: this one's migrations and some more, to migrate a real database with."""

import sys
from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.config import Config

from haulage.storage import migrate, revisions
from haulage.storage.migrations.patience import Bounds, Tell, say_nothing

SCRIPT = '''"""{doc}"""

from alembic import op
from haulage.storage.migrations import online

revision = "{revision}"
down_revision = "{before}"
oldest_code = "{oldest_code}"


def upgrade() -> None:
{body}


def downgrade() -> None:
    pass
'''
# A lock is waited for so briefly that a test may see the second try.
HURRIED = Bounds(lock_s=0.2, rest_s=0.1, longest_rest_s=0.2, patience_s=20)


def after(revision: str, by: int = 1) -> str:
    """The number of a migration that comes after `revision`."""
    return f"{int(revision) + by:04}"


class Ahead:
    """Migrations after the newest one, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.newest = revisions.newest()

    def add(self, body: str, *, oldest_code: str | None = None, doc: str = "One more.") -> str:
        """Write the next one; its revision."""
        before, self.newest = self.newest, after(self.newest)
        said = SCRIPT.format(
            doc=doc,
            revision=self.newest,
            before=before,
            oldest_code=oldest_code or before,
            body="\n".join(f"    {line}" for line in body.splitlines()),
        )
        (self.folder / f"{self.newest}_more.py").write_text(said)
        return self.newest

    def config(self, url: str, *, tell: Tell = say_nothing, bounds: Bounds = HURRIED) -> Config:
        made = migrate.config(url, tell=tell, bounds=bounds)
        ours = files("haulage.storage") / "migrations" / "versions"
        made.set_main_option("version_locations", f"{ours}\n{self.folder}")
        made.set_main_option("path_separator", "newline")
        return made

    def migrate(self, url: str, *, tell: Tell = say_nothing, bounds: Bounds = HURRIED) -> None:
        """What the newer version's `haulage db migrate` does."""
        command.upgrade(self.config(url, tell=tell, bounds=bounds), "head")


if __name__ == "__main__":
    # In a process of its own: the database, and the folder with what others have added.
    url, folder = sys.argv[1:]
    Ahead(Path(folder)).migrate(url, tell=lambda line: print(line, file=sys.stderr))  # noqa: T201
