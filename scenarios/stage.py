"""What every run has: a topology that runs, clients that work it, and the checks at the end."""

import asyncio
import math
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from chaos import checks, record
from chaos.checks import Violation
from chaos.record import Record
from haulage.domain.lifecycle import TERMINAL
from scenarios import traces
from scenarios.clients import Clients
from scenarios.failures import Scene
from scenarios.report import Told, tell
from scenarios.topology import Topology
from scenarios.traces import Traces

DRAIN_S = 60.0


@dataclass(frozen=True)
class Outcome:
    """What is known after a run."""

    whole: Record
    violations: Sequence[Violation]
    told: Sequence[Told]


@asynccontextmanager
async def running(folder: Path, *, pooled: bool) -> AsyncIterator[tuple[Topology, Traces]]:
    """A topology of its own in `folder`, and what takes its traces."""
    with traces.receiving() as seen:
        topology = Topology(folder, traces.environment(seen), pooled=pooled)
        try:
            began = time.monotonic()
            await topology.start()
            print(f"started in {time.monotonic() - began:.1f} s", file=sys.stderr, flush=True)
            yield topology, seen
        finally:
            await topology.stop()


@asynccontextmanager
async def worked_by(clients: Clients) -> AsyncIterator[None]:
    """Clients submit during the block; at its end every job is over."""
    stop = asyncio.Event()
    submitting = asyncio.create_task(clients.run(stop))
    try:
        yield
        stop.set()
        await submitting
        await clients.settle()
    finally:
        submitting.cancel()
        await clients.close()


async def judged(topology: Topology, clients: Clients, scenes: Sequence[Scene]) -> Outcome:
    """Read everything, check every promise, and say what each failure did until the next.

    Jobs that nobody waits for any more have `DRAIN_S` to end; what is not over then is lost.
    """
    deadline = time.monotonic() + DRAIN_S
    while time.monotonic() < deadline:
        if not await _unfinished(topology):
            break
        await asyncio.sleep(0.3)
    whole = await record.read(
        topology, clients.asked, [wound for scene in scenes for wound in scene.wounds]
    )
    unhealed = [
        Violation("healing", None, f"{scene.name}: never healed")
        for scene in scenes
        if scene.healed_s is None
    ]
    ends = [*(scene.struck_at for scene in scenes), math.inf][1:]
    told = [
        tell(scene, clients, whole, until=until) for scene, until in zip(scenes, ends, strict=True)
    ]
    return Outcome(whole, [*checks.violations(whole), *unhealed], told)


async def _unfinished(topology: Topology) -> int:
    rows = await topology.query(
        "SELECT count(*) FROM jobs WHERE state <> ALL(%s)", sorted(TERMINAL)
    )
    return int(rows[0][0])
