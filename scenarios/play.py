"""One run of the failures: start, load, strike one after the other, drain, check, tell, stop."""

import asyncio
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from chaos import checks, record
from chaos.checks import Violation
from chaos.load import Kind
from scenarios import report, traces
from scenarios.clients import Clients
from scenarios.failures import FAILURES, Scene, Stage
from scenarios.topology import Topology
from scenarios.traces import Traces


@dataclass(frozen=True)
class Plan:
    """How hard the system is worked, and how long it is left alone between two failures."""

    names: Sequence[str]
    seed: int = 1
    rate: float = 30.0
    lasts_s: float = 1.0
    calm_s: float = 4.0
    away_s: float = 5.0

    @classmethod
    def short(cls, names: Sequence[str]) -> "Plan":
        """As the tests play it: beside other work, and in half a minute."""
        return cls(names, rate=15.0, lasts_s=0.5, calm_s=1.0, away_s=2.0)


class Play:
    """Plays a plan on a topology of its own in `folder`."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._plan = plan
        self._folder = folder

    async def run(self) -> bool:
        """Whether nothing was lost or doubled, and all healed."""
        with traces.receiving() as seen:
            topology = Topology(self._folder, traces.environment(seen))
            try:
                began = time.monotonic()
                await topology.start()
                print(f"started in {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)
                return await self._on(topology, seen)
            finally:
                await topology.stop()

    async def _on(self, topology: Topology, seen: Traces) -> bool:
        plan = self._plan
        random = Random(plan.seed)
        where = topology.addresses
        kind = Kind("waits", "chaos.plain", 0, lambda _: {"seconds": plan.lasts_s})
        clients = Clients(
            (where.edge, *where.apis), topology.ready.key, random, kind, plan.rate, plan.lasts_s
        )
        stop = asyncio.Event()
        submitting = asyncio.create_task(clients.run(stop))
        scenes: list[Scene] = []
        try:
            await asyncio.sleep(plan.calm_s)
            for name in plan.names:
                print(f"striking: {name}", file=sys.stderr, flush=True)
                scenes.append(await FAILURES[name](Stage(topology, clients, random, plan.away_s)))
                await asyncio.sleep(plan.calm_s)
            stop.set()
            await submitting
            await clients.settle()
        finally:
            submitting.cancel()
            await clients.close()
        starts = [scene.struck_at for scene in scenes]
        wounds = [wound for scene in scenes for wound in scene.wounds]
        whole = await record.read(topology, clients.asked, wounds)
        found = [*checks.violations(whole), *_unhealed(scenes)]
        told = [
            report.tell(scene, clients, whole, until=until)
            for scene, until in zip(scenes, [*starts[1:], math.inf], strict=True)
        ]
        for line in report.lines(told, found):
            print(line)
        print(report.json_line(told, found, clients, whole, seen), flush=True)
        unanswered = sum(not one.answered for one in clients.calls)
        return not found and not unanswered


def _unhealed(scenes: Sequence[Scene]) -> list[Violation]:
    return [
        Violation("healing", None, f"{scene.name}: never healed")
        for scene in scenes
        if scene.healed_s is None
    ]
