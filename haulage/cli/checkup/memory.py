"""What the cpu processes of this machine may take of its memory, all together."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from haulage.cli.checkup.findings import Finding, Level, this_host
from haulage.domain.errors import HaulageError

UNBOUND = "; beyond that it takes what it asks for: this system bounds no process"


def memory_checks(workers: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Of the cpu workers on this machine, if there are any, by the settings that hold here."""
    here = [one for one in workers if one["host"] == this_host() and one["pool"] == "cpu"]
    if not here:
        return
    from haulage.engine.memory import total_memory_mb, with_memory_limits
    from haulage.settings import load

    try:
        settings = load().engine
    except HaulageError:
        return  # said where the settings are looked at
    total_mb = total_memory_mb()
    processes = sum(one["slots"] for one in here)
    limits = [
        with_memory_limits(settings, processes=one["slots"], total_mb=total_mb).child_limit_mb
        for one in here
    ]
    if any(limit is None for limit in limits):
        why = "cpu processes have no limit, so that one document may take the machine"
        yield Finding(Level.WARN, "memory", why, "unset HAULAGE_ENGINE_CHILD_LIMIT_MB")
        return
    together = sum(one["slots"] * (mb or 0) for one, mb in zip(here, limits, strict=True))
    why = (
        f"{processes} cpu processes may take {together / 1024:.1f} GB together, "
        f"{max(mb or 0 for mb in limits):,} MB each, of {total_mb / 1024:.1f} GB"
    )
    if not sys.platform.startswith("linux"):
        mend = "Run cpu workers in a container with a limit of memory."
        yield Finding(Level.WARN, "memory", why + UNBOUND, mend)
    elif together > total_mb:
        fitting = max(1, int(0.8 * total_mb / processes))
        mend = f"export HAULAGE_ENGINE_CHILD_LIMIT_MB={fitting}   # or start fewer processes"
        yield Finding(Level.WARN, "memory", why, mend)
    else:
        yield Finding(Level.OK, "memory", why)
