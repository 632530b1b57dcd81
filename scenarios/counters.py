"""What a topology has used up since its start: processor time by process, WAL, rows, commands."""

import asyncio
import os
from collections import defaultdict
from pathlib import Path

import redis.asyncio as redis

from haulage.runtime.process import children_of
from scenarios.topology import Topology

# PostgreSQL's processes tell what they counted once a second at most.
TELLING_S = 1.5
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_COUNTED = """
SELECT (pg_current_wal_lsn() - '0/0'::pg_lsn)::float8,
       (SELECT wal_fpi FROM pg_stat_wal)::float8,
       xact_commit::float8, tup_inserted::float8, tup_updated::float8, tup_deleted::float8,
       (SELECT sum(pg_total_relation_size(oid)) FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace)::float8
FROM pg_stat_database WHERE datname = current_database()
"""
NAMES = (
    *("wal_bytes", "wal_full_pages", "transactions"),
    *("rows_inserted", "rows_updated", "rows_deleted", "table_bytes"),
)
# Before the names of processes.
CPU = "cpu "


async def counted(topology: Topology) -> dict[str, float]:
    """Everything that is counted, since the start; of processes of one kind together."""
    await asyncio.sleep(TELLING_S)
    found: dict[str, float] = defaultdict(float)
    for name, used_s in cpu_s(topology).items():
        found[CPU + kind_of(name)] += used_s
    (row,) = await topology.query(_COUNTED)
    found.update(zip(NAMES, row, strict=True))
    async with redis.Redis.from_url(topology.ready.redis_url) as client:
        found["redis_commands"] = float((await client.info("stats"))["total_commands_processed"])
    return found


def cpu_s(topology: Topology) -> dict[str, float]:
    """Processor time of each process since it began, with its children."""
    return {name: _cpu_s(pids[0]) for name, pids in topology.ready.processes.items()}


def kind_of(name: str) -> str:
    """What a process is, whichever of its kind."""
    return name.removesuffix("-2").removesuffix("-3")


def idle_s() -> float:
    """For how long the machine's cores have had nothing to do, together."""
    return float(Path("/proc/uptime").read_text().split()[1])


def _cpu_s(pid: int) -> float:
    """Processor time of a process and of its children, those that have ended too."""
    return sum(_own_s(one) for one in (pid, *children_of(pid)))


def _own_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    # utime, stime, and those of children that were waited for
    return sum(int(ticks) for ticks in fields[11:15]) * _TICK_S
