"""Versions of Haulage to run side by side.

The older one is this source tree. Newer ones are copies of it with a version, a migration and a few
lines of their own: what a release would change, and no more.
"""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import haulage
from haulage.runtime.launch import launch_command
from haulage.storage import revisions
from tests.storage.migrating import SCRIPT, after

ROOT = Path(__file__).resolve().parents[2]
NOW = revisions.newest()
EXPANDED, CONTRACTED = after(NOW), after(NOW, 2)
NEXT, LATER = "9.0.0", "9.1.0"


@dataclass
class Version:
    """A source tree, and the processes that were started from it."""

    tree: Path
    name: str
    environment: Mapping[str, str]
    log: Path
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def start(self, name: str, *words: str) -> None:
        """A process in the background, known as `name`."""
        with self.log.open("ab") as log:
            self.running[name] = subprocess.Popen(
                launch_command(
                    self._command(*words), parent=os.getpid(), death_signal=signal.SIGKILL
                ),
                cwd=self.tree,
                env=self._env(),
                stdout=log,
                stderr=log,
            )

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """A command, to its end."""
        return subprocess.run(
            self._command(*words),
            cwd=self.tree,
            env=self._env(),
            capture_output=True,
            text=True,
            timeout=90,
        )

    def stop(self) -> dict[str, int]:
        """SIGTERM to all that runs; their exit codes."""
        for process in self.running.values():
            process.terminate()
        ended = {name: process.wait(60) for name, process in self.running.items()}
        self.running.clear()
        return ended

    def kill(self) -> None:
        """Whatever is left after a test that failed."""
        for process in self.running.values():
            process.kill()
            process.wait()

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "haulage", *words]

    def _env(self) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("HAULAGE_")}
        # `-m` looks in the folder where it is started first: the tree's own package is found.
        return {**inherited, "PYTHONPATH": str(ROOT), **self.environment}


def present(environment: Mapping[str, str], folder: Path) -> Version:
    """This source tree."""
    return Version(ROOT, haulage.__version__, environment, folder / "present.log")


def following(environment: Mapping[str, str], folder: Path) -> Version:
    """The next one: adds a column and writes it, stops using another, knows a new type."""
    tree = copy_of(ROOT, folder / "next")
    release(tree, haulage.__version__, NEXT)
    migration(tree, EXPANDED, NOW, "ALTER TABLE jobs ADD COLUMN carried_by text", oldest_code=NOW)
    change(
        tree / "haulage/storage/job_sql.py",
        "claimed_at = :now, started_at = coalesce(started_at, :now)",
        f"claimed_at = :now, started_at = coalesce(started_at, :now), carried_by = '{NEXT}'",
    )
    change(
        tree / "haulage/storage/worker_store.py",
        "rss_bytes, clock_ahead_s = :clock_ahead_s",
        "rss_bytes",
    )
    change(tree / "haulage/storage/tables/fleet.py", 'sa.Column("clock_ahead_s", sa.Float),', "")
    change(
        tree / "haulage/api/fleet_models.py",
        "clock_ahead_s: float | None = Field(",
        "clock_ahead_s: float | None = Field(default=None,",
    )
    given = {**environment, "HAULAGE_HANDLERS": "tests.upgrades.carried,tests.upgrades.novelty"}
    return Version(tree, NEXT, given, folder / "next.log")


def contracting(older: Version, folder: Path) -> Version:
    """The one after `older`: drops the column that nobody uses any more."""
    tree = copy_of(older.tree, folder / "later")
    release(tree, NEXT, LATER)
    drop = "ALTER TABLE workers DROP COLUMN clock_ahead_s"
    migration(tree, CONTRACTED, EXPANDED, drop, oldest_code=EXPANDED)
    return Version(tree, LATER, older.environment, folder / "later.log")


def copy_of(tree: Path, to: Path) -> Path:
    """Its package alone, with what is compiled: times stay, so that it counts."""
    left_out = shutil.ignore_patterns("console_dist")
    shutil.copytree(tree / "haulage", to / "haulage", ignore=left_out)
    return to


def release(tree: Path, before: str, now: str) -> None:
    change(tree / "haulage/__init__.py", f'__version__ = "{before}"', f'__version__ = "{now}"')


def migration(tree: Path, revision: str, before: str, statement: str, *, oldest_code: str) -> None:
    said = SCRIPT.format(
        doc="A release's.",
        revision=revision,
        before=before,
        oldest_code=oldest_code,
        body=f'    op.execute("{statement}")',
    )
    (tree / f"haulage/storage/migrations/versions/{revision}_release.py").write_text(said)


def change(file: Path, old: str, new: str) -> None:
    """A line of the release; the text that it replaces has to be there once."""
    text = file.read_text()
    assert text.count(old) == 1, f"{file.name} no longer says {old!r} once: follow it here"
    file.write_text(text.replace(old, new))
