"""What `haulage doctor` looks at on this machine; the servers are in `server_checks`."""

import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib.metadata import requires, version
from pathlib import Path
from typing import Any

from haulage.cli.checkup.findings import Finding, Level, Surroundings, missing_modules
from haulage.cli.checkup.scans import ocr_check
from haulage.domain.errors import HaulageError
from haulage.runtime.fault import StartFault

OLDEST_PYTHON = (3, 11)
LITTLE_DISK_BYTES = 2 * 1024**3
NO_DISK_BYTES = 200 * 1024**2
# Said by name: those whose version people ask for first.
NAMED_PACKAGES = frozenset({"celery", "kombu", "psycopg", "redis", "sqlalchemy", "fastapi"})


def machine_checks(around: Surroundings) -> Iterator[Finding]:
    """Python, packages, settings, binaries, folders; changes nothing."""
    for check in (_python, _extras, _versions, _settings, _binaries, ocr_check, _blobs, _disk):
        yield from check(around)


def _python(_: Surroundings) -> Iterator[Finding]:
    fits = sys.version_info >= OLDEST_PYTHON
    yield Finding(
        Level.OK if fits else Level.FAIL,
        "Python",
        platform.python_version() if fits else f"{platform.python_version()} is older than 3.11",
        "" if fits else "Install Python 3.11 or newer.",
    )


def _extras(around: Surroundings) -> Iterator[Finding]:
    serves_itself = not (around.database_url and around.redis_url)
    for extra, purpose in (
        ("server", "API, workers and dispatcher cannot run; the client can"),
        ("embedded", "`haulage up` needs PostgreSQL and Redis on PATH or by URL"),
        ("demo", "`haulage demo` cannot make its novel"),
    ):
        missing = missing_modules(extra)
        if not missing:
            yield Finding(Level.OK, f"extra {extra}", "installed")
        elif extra != "embedded" or serves_itself:
            why = f"{', '.join(missing[:3])}{' …' if len(missing) > 3 else ''} missing: {purpose}"
            yield Finding(Level.WARN, f"extra {extra}", why, f"pip install 'haulage[{extra}]'")


def _versions(around: Surroundings) -> Iterator[Finding]:
    """Installed packages against what this version of Haulage asks for."""
    if not around.has_server:
        return
    from packaging.requirements import Requirement

    wrong, said = [], []
    for text in requires("haulage") or ():
        wanted = Requirement(text)
        if wanted.marker and not wanted.marker.evaluate({"extra": "server"}):
            continue
        found = version(wanted.name)
        if not wanted.specifier.contains(found, prereleases=True):
            wrong.append(f"{wanted.name} is {found}, wanted {wanted.specifier}")
        elif wanted.name in NAMED_PACKAGES:
            said.append(f"{wanted.name} {found}")
    if wrong:
        mend = "pip install --upgrade 'haulage[server]'"
        yield Finding(Level.FAIL, "packages", "\n".join(wrong), mend)
    else:
        yield Finding(Level.OK, "packages", ", ".join(said))


def _settings(around: Surroundings) -> Iterator[Finding]:
    if not around.has_server:
        return
    from haulage.settings import load

    try:
        load()
    except HaulageError as error:
        yield Finding(Level.FAIL, "settings", str(error), "Correct or unset the variable.")
    else:
        yield Finding(Level.OK, "settings", "every HAULAGE_ variable is known and valid")


def _binaries(around: Surroundings) -> Iterator[Finding]:
    from haulage.runtime.postgres_binaries import find_postgres
    from haulage.runtime.redis import find_redis_server

    looked_for: tuple[tuple[str, str | None, Callable[[], str]], ...] = (
        (
            "embedded PostgreSQL",
            around.database_url,
            lambda: _postgres_words(find_postgres(_cluster(around.data))),
        ),
        ("embedded Redis", around.redis_url, lambda: str(find_redis_server())),
    )
    for what, url, find in looked_for:
        try:
            yield Finding(Level.OK, what, find())
        except StartFault as fault:
            # Only `haulage up` needs them, and only for the servers it is not given.
            level = Level.FAIL if around.has_server and not url else Level.WARN
            yield Finding(level, what, f"{fault.what} {fault.why}", fault.hint)


def _postgres_words(found: Any) -> str:
    return f"{found.major} in {found.folder}"


def _blobs(around: Surroundings) -> Iterator[Finding]:
    folder = around.blob_folder
    if folder is None:
        yield Finding(Level.OK, "blobs", "in an object store, not looked at from here")
        return
    try:
        with tempfile.NamedTemporaryFile(dir=_existing(folder)):
            pass
    except OSError as error:
        why = f"{folder} cannot be written: {error.strerror}"
        yield Finding(Level.FAIL, "blobs", why, f"chown $USER {folder}   # or HAULAGE_BLOB_URL")
    else:
        yield Finding(Level.OK, "blobs", f"{folder} can be written")


def _disk(around: Surroundings) -> Iterator[Finding]:
    folders = {_existing(folder) for folder in (around.data, around.blob_folder) if folder}
    devices = {folder.stat().st_dev: folder for folder in sorted(folders, reverse=True)}
    for folder in devices.values():
        yield _free(folder)


def _free(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    why = f"{free / 1024**3:.1f} GB free at {folder}"
    mend = "Free some space, or choose another folder with HAULAGE_DATA."
    if free < NO_DISK_BYTES:
        return Finding(Level.FAIL, "disk", why, mend)
    if free < LITTLE_DISK_BYTES:
        return Finding(Level.WARN, "disk", why, mend)
    return Finding(Level.OK, "disk", why)


def _cluster(data: Path) -> Path:
    # Who may run PostgreSQL depends on the folder around it, which may not be there yet.
    cluster = data / "postgres" / "cluster"
    return cluster if cluster.parent.exists() else _existing(data) / "cluster"


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists: that is where it would be made."""
    places = (folder.absolute(), *folder.absolute().parents)
    return next(place for place in places if place.exists())
