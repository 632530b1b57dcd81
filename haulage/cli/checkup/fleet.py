"""The live workers, as PostgreSQL knows them: same version, same files, same time."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import haulage
from haulage.cli.checkup.findings import (
    SKEW_S,
    Finding,
    Level,
    Surroundings,
    this_host,
)
from haulage.cli.checkup.memory import memory_checks

# Workers of older code don't say which migrations they know.
SILENT = "0027"


def fleet_checks(
    around: Surroundings, workers: Sequence[Mapping[str, Any]], *, oldest_code: str | None = None
) -> Iterator[Finding]:
    """`workers` are the rows of those that have not ended, `oldest_code` the oldest revision whose
    code runs on the tables."""
    if not workers:
        why = "none is alive, so nothing runs"
        yield Finding(Level.WARN, "workers", why, "haulage worker --pool io   # and --pool cpu")
        return
    hosts = sorted({worker["host"] for worker in workers})
    yield Finding(Level.OK, "workers", f"{len(workers)} alive on {', '.join(hosts)}")
    yield from _versions(workers)
    yield from _outgrown(workers, oldest_code or "")
    yield from _clocks(workers)
    yield from memory_checks(workers)
    yield from _shared_blobs(around, hosts)


def _versions(workers: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    others = sorted({one["version"] for one in workers} - {haulage.__version__})
    if others:
        why = f"workers run {', '.join(others)}; this is {haulage.__version__}"
        mend = f"pip install 'haulage=={haulage.__version__}'   # there, and restart them"
        yield Finding(Level.WARN, "worker versions", why, mend)


def _outgrown(workers: Sequence[Mapping[str, Any]], oldest_code: str) -> Iterator[Finding]:
    older = [one for one in workers if (one.get("revision") or SILENT) < oldest_code]
    if older:
        names = ", ".join(f"{one['name']} ({one['version']})" for one in older)
        why = f"the tables carry code of revision {oldest_code} or newer, which {names} is not"
        mend = f"pip install 'haulage=={haulage.__version__}'   # there, and restart them"
        yield Finding(Level.FAIL, "outgrown workers", why, mend)


def _clocks(workers: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Each machine once, by the worker there that compared its clock with PostgreSQL's last."""
    ahead = {one["host"]: one.get("clock_ahead_s") for one in workers}
    off = {host: by_s for host, by_s in ahead.items() if by_s is not None and abs(by_s) > SKEW_S}
    for host, by_s in off.items():
        why = (
            f"{host} is {abs(by_s):.1f} s {'ahead of' if by_s > 0 else 'behind'} PostgreSQL. Jobs "
            "follow PostgreSQL's clock, so none is late; the times in that machine's logs are off"
        )
        mend = f"timedatectl set-ntp true   # on {host}, or where PostgreSQL runs"
        yield Finding(Level.WARN, "worker clocks", why, mend)
    if not off and any(by_s is not None for by_s in ahead.values()):
        yield Finding(Level.OK, "worker clocks", "agree with PostgreSQL's")


def _shared_blobs(around: Surroundings, hosts: Sequence[str]) -> Iterator[Finding]:
    elsewhere = [host for host in hosts if host != this_host()]
    folder = around.blob_folder
    if folder and elsewhere:
        yield Finding(
            Level.WARN,
            "shared blobs",
            f"workers on {', '.join(elsewhere)} cannot read {folder} of this machine, unless it "
            "is a volume they share: uploads and large results would not be found there",
            "export HAULAGE_BLOB_URL=s3://bucket/haulage   # the same for every process",
        )
