"""One run of the failures: start, load, strike one after the other, drain, check, tell, stop."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from scenarios import figures, report
from scenarios.clients import Clients, waiting
from scenarios.failures import FAILURES, Scene, Stage
from scenarios.stage import judged, running, worked_by


@dataclass(frozen=True)
class Plan:
    """How hard the system is worked, and how long it is left alone between two failures."""

    names: Sequence[str]
    seed: int = 1
    rate: float = 30.0
    lasts_s: float = 1.0
    calm_s: float = 4.0
    away_s: float = 5.0
    pooled: bool = False

    @classmethod
    def short(cls, names: Sequence[str]) -> "Plan":
        """As the tests play it: beside other work, and in half a minute."""
        return cls(names, rate=15.0, lasts_s=0.5, calm_s=1.0, away_s=2.0)

    async def run(self, folder: Path) -> bool:
        """Whether nothing was lost or doubled, all was answered, and all healed."""
        async with running(folder, pooled=self.pooled) as (topology, seen):
            where, random = topology.addresses, Random(self.seed)
            clients = Clients(
                (where.edge, *where.apis),
                topology.ready.key,
                random,
                waiting(self.lasts_s),
                self.rate,
                self.lasts_s,
            )
            scenes: list[Scene] = []
            async with worked_by(clients):
                await asyncio.sleep(self.calm_s)
                for name in self.names:
                    print(f"striking: {name}", file=sys.stderr, flush=True)
                    stage = Stage(topology, clients, random, self.away_s)
                    scenes.append(await FAILURES[name](stage))
                    await asyncio.sleep(self.calm_s)
            outcome = await judged(topology, clients, scenes)
        for line in report.lines(outcome.told, outcome.violations):
            print(line)
        met = not outcome.violations and all(one.answered for one in clients.calls)
        print(
            report.json_line(
                "scenarios",
                outcome.told,
                met=met,
                jobs=len(outcome.whole.jobs),
                violations=len(outcome.violations),
                spans=sum(seen.spans.values()),
                clients_behind_s=round(clients.most_behind_s, 3),
                **figures.answers(clients.calls),
            ),
            flush=True,
        )
        return met
