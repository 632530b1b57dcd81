"""How much memory a cpu process may have where nobody says: a share of what there is.

Whatever a document holds, the machine is not taken by it, nor the container of the worker. Several
cpu workers on one machine each take their share of the whole: there, say how much
(`HAULAGE_ENGINE_CHILD_LIMIT_MB`).
"""

import os
from collections.abc import Iterator
from pathlib import Path

from haulage.settings import EngineSettings

# The rest is for PostgreSQL, the other processes, and what grows between two looks.
SHARE = 0.6
# RapidOCR takes 0.9 GB for a page; with less nothing could be read at all.
LEAST_MB = 1024
# What has grown so far is replaced between two jobs: the next one should not pay for it.
FULL = 0.9
_MB = 1024 * 1024


def with_memory_limits(
    settings: EngineSettings, *, processes: int, total_mb: int
) -> EngineSettings:
    """`settings` with the limits that hold in a worker of so many processes on so much memory;
    None in them is no limit from here on."""
    limit_mb = settings.child_limit_mb
    if limit_mb is None:
        limit_mb = max(LEAST_MB, int(total_mb * SHARE / processes))
    recycle_mb = settings.child_recycle_mb
    if recycle_mb is None:
        recycle_mb = int(limit_mb * FULL)
    given = {"child_limit_mb": limit_mb or None, "child_recycle_mb": recycle_mb or None}
    return settings.model_copy(update=given)


def total_memory_mb(root: Path = Path("/")) -> int:
    """What this process may use at most: the machine's memory, or its cgroup's limit (Linux)."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *_cgroup_limits(root)]) // _MB


def _cgroup_limits(root: Path) -> Iterator[int]:
    """The limits of our cgroup and of those around it, in both versions of cgroups."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            mount, name = root / "sys/fs/cgroup", "memory.max"
        elif "memory" in controllers.split(","):
            mount, name = root / "sys/fs/cgroup/memory", "memory.limit_in_bytes"
        else:
            continue
        # In a container the path may be the host's: what is there is ours, up to the root.
        own = Path(path.lstrip("/"))
        for folder in (own, *own.parents):
            try:
                said = (mount / folder / name).read_text().strip()
            except OSError:
                continue
            if said.isdigit() and int(said) > 0:
                yield int(said)
