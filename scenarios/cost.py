"""What one job costs: processor time by process, WAL, rows, Redis commands.

Jobs are submitted one by one through nginx and read once each when they are over. What the system
does when nobody asks for anything (beats, looks, scrapes) is measured before and taken off.
"""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from random import Random

from scenarios.clients import Clients, waiting
from scenarios.counters import CPU, NAMES, TELLING_S, counted
from scenarios.stage import judged, running, worked_by

# At ten times the rate of row D5 the whole system takes half of two cores at most.
RATE_BAR, CORES_BAR = 120.0, 1.0
BAR_MS = 1000 * CORES_BAR / RATE_BAR
# Who looks before a job is over looks again: from its submit to its start and from its end to its
# row takes some time beside its own.
UNTIL_OVER_S = 0.2


@dataclass(frozen=True)
class Cost:
    """For how long to look at which rate, and how long to look at nothing before."""

    seconds: float = 60.0
    rate: float = 100.0
    lasts_s: float = 0.1
    idle_s: float = 20.0
    pooled: bool = False

    @classmethod
    def short(cls) -> "Cost":
        """To see that it works."""
        return cls(seconds=8.0, rate=20.0, idle_s=4.0)

    async def run(self, folder: Path) -> bool:
        """Whether nothing was lost and a job cost less than the bar."""
        async with running(folder, pooled=self.pooled) as (topology, _):
            clients = Clients(
                (topology.addresses.edge,),
                topology.ready.key,
                Random(1),
                waiting(self.lasts_s),
                self.rate,
                self.lasts_s + UNTIL_OVER_S,
            )
            await asyncio.sleep(self.idle_s / 2)  # what follows a start is over
            print("idle", file=sys.stderr, flush=True)
            at_rest = await counted(topology)
            await asyncio.sleep(self.idle_s)
            before = await counted(topology)
            print("busy", file=sys.stderr, flush=True)
            async with worked_by(clients):
                await asyncio.sleep(self.seconds)
            after = await counted(topology)
            outcome = await judged(topology, clients, [])
        jobs = len(clients.asked)
        busy_s = self.seconds + TELLING_S
        idle_s = self.idle_s + TELLING_S
        per_job = {
            name: (after[name] - before[name] - (before[name] - at_rest[name]) * busy_s / idle_s)
            / jobs
            for name in after
        }
        cpu_us = {
            name.removeprefix(CPU): round(1e6 * value)
            for name, value in per_job.items()
            if name.startswith(CPU)
        }
        idle_cores = sum(
            (before[name] - at_rest[name]) / idle_s for name in after if name.startswith(CPU)
        )
        total_ms = sum(cpu_us.values()) / 1000
        met = not outcome.violations and total_ms < BAR_MS
        document = {
            "scenarios": "cost",
            "jobs": jobs,
            "per_s": self.rate,
            "reads_per_job": round(sum(one.what == "read" for one in clients.calls) / jobs, 2),
            "cpu_us": cpu_us,
            "cpu_ms": round(total_ms, 2),
            "bar_cpu_ms": round(BAR_MS, 2),
            "idle_cores": round(idle_cores, 3),
            **{name: round(per_job[name], 2) for name in (*NAMES, "redis_commands")},
            "violations": len(outcome.violations),
            "cores": os.cpu_count(),
            "load_average": round(os.getloadavg()[0], 1),
            "met": met,
        }
        print(json.dumps(document), flush=True)
        return met
