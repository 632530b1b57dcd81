"""How much it takes: the rate goes up in steps until answers or queues are late or errors come.

Each step says what every kind of process used, in cores. What saturates first is the process that
had all of its one core, or, as on a small machine, all cores together.
"""

import asyncio
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from scenarios import figures, report
from scenarios.clients import Clients, waiting
from scenarios.counters import cpu_s, idle_s, kind_of
from scenarios.hold import ANSWER_MS, QUEUE_MS, SHARE
from scenarios.stage import judged, running, worked_by
from scenarios.topology import Topology

BAR_PER_S = 120.0
GROWTH = 1.4
# From here on more work makes a queue, not more answers.
FULL = 0.9
# These use one core at most, each of them; PostgreSQL and nginx have a process for each core.
_ONE_CORE = {"api", "worker-io", "dispatcher", "redis", "pgbouncer"}
_SHOWN = ("api", "worker-io", "postgres", "nginx", "redis")
_WAITED = """
SELECT percentile_cont(ARRAY[0.5, 0.99]) WITHIN GROUP (
    ORDER BY 1000 * extract(epoch FROM coalesce(started_at, clock_timestamp()) - created_at))
FROM jobs WHERE created_at >= to_timestamp(%s) AND created_at < to_timestamp(%s)
"""


@dataclass(frozen=True)
class Step:
    """One rate for a while. `cores` by kind of process; `busiest` and its core, where one has but
    one; `machine` is the share of all cores that was used, by others too."""

    per_s: float
    ended_per_s: float
    first_try_share: float
    answered_share: float
    answer_p50_ms: float
    answer_p99_ms: float
    queue_p50_ms: float
    queue_p99_ms: float
    cores: dict[str, float]
    busiest: str
    busiest_core: float
    machine: float

    def breaks(self) -> list[str]:
        """Which bars were missed."""
        late = {
            f"answers took {self.answer_p50_ms:g} ms": self.answer_p50_ms >= ANSWER_MS,
            f"jobs waited {self.queue_p50_ms:g} ms": self.queue_p50_ms >= QUEUE_MS,
            f"{self.first_try_share:.2%} were answered at once": self.first_try_share < SHARE,
        }
        return [said for said, missed in late.items() if missed]

    def full(self) -> str:
        """What had no more to give."""
        if self.busiest_core >= FULL:
            return f"{self.busiest}: {self.busiest_core:.0%} of its core"
        if self.machine >= FULL:
            ours = sum(self.cores.values()) / (os.cpu_count() or 1)
            most = max(self.cores, key=lambda kind: self.cores[kind])
            return (
                f"the machine: {self.machine:.0%} of its cores, {ours:.0%} by this system and its"
                f" clients, the most of that by {most}"
            )
        return f"nothing that was measured: the machine had {1 - self.machine:.0%} left"


@dataclass(frozen=True)
class Saturate:
    """From which rate to which, and how long each is held."""

    rate: float = 20.0
    most_per_s: float = 400.0
    seconds: float = 20.0
    lasts_s: float = 1.0
    pooled: bool = False

    @classmethod
    def short(cls) -> "Saturate":
        """To see that it works."""
        return cls(rate=5.0, most_per_s=10.0, seconds=5.0)

    async def run(self, folder: Path) -> bool:
        """Whether nothing was lost and the bar's rate was held."""
        async with running(folder, pooled=self.pooled) as (topology, _):
            clients = Clients(
                (topology.addresses.edge,),
                topology.ready.key,
                Random(1),
                waiting(self.lasts_s),
                self.rate,
                self.lasts_s,
            )
            await asyncio.sleep(self.seconds / 2)  # what follows a start is over
            steps: list[Step] = []
            for rate in self._rates():
                steps.append(await self._hold(topology, clients, rate))
                print(_row(steps[-1]), file=sys.stderr, flush=True)
                if steps[-1].breaks():
                    break
            await clients.close()
            outcome = await judged(topology, clients, [])
        held = max((one.per_s for one in steps if not one.breaks()), default=0.0)
        met = not outcome.violations and held >= BAR_PER_S
        print("\n".join(_table(steps)))
        print(
            report.json_line(
                "saturate",
                [],
                met=met,
                held_per_s=held,
                bar_per_s=BAR_PER_S,
                ends_with=steps[-1].breaks(),
                full=steps[-1].full(),
                **figures.promises(outcome.violations),
                steps=[asdict(one) for one in steps],
            ),
            flush=True,
        )
        return met

    def _rates(self) -> Iterator[float]:
        rate = self.rate
        while rate <= self.most_per_s:
            yield float(round(rate))
            rate *= GROWTH

    async def _hold(self, topology: Topology, clients: Clients, rate: float) -> Step:
        clients.rate = rate
        began, used, idle, own_s = time.time(), cpu_s(topology), idle_s(), time.process_time()
        seen = len(clients.calls)
        async with worked_by(clients):
            await asyncio.sleep(self.seconds)
            until = time.time()
            lasted_s = until - began
            cores = {
                name: (now_s - used[name]) / lasted_s for name, now_s in cpu_s(topology).items()
            }
            machine = 1 - (idle_s() - idle) / lasted_s / (os.cpu_count() or 1)
            clients_cores = (time.process_time() - own_s) / lasted_s
        kinds: dict[str, float] = defaultdict(float)
        for name, used_cores in cores.items():
            kinds[kind_of(name)] += used_cores
        kinds["clients"] = clients_cores
        busiest = max(
            (name for name in cores if kind_of(name) in _ONE_CORE), key=lambda name: cores[name]
        )
        calls = clients.calls[seen:]
        answers = figures.answers(calls)
        ((waited,),) = await topology.query(_WAITED, began, until)
        queue_p50, queue_p99 = waited or (0.0, 0.0)
        return Step(
            per_s=rate,
            ended_per_s=round(sum(one.at + one.took_s < until for one in calls) / lasted_s, 1),
            first_try_share=answers["first_try_share"],
            answered_share=answers["answered_share"],
            answer_p50_ms=answers["answer_p50_ms"],
            answer_p99_ms=answers["answer_p99_ms"],
            queue_p50_ms=round(queue_p50, 1),
            queue_p99_ms=round(queue_p99, 1),
            cores={kind: round(value, 3) for kind, value in sorted(kinds.items())},
            busiest=busiest,
            busiest_core=round(cores[busiest], 3),
            machine=round(machine, 3),
        )


def _table(steps: Sequence[Step]) -> list[str]:
    """The table, as docs/scaling.md has it."""
    names = [name.replace("postgres", "PostgreSQL") for name in _SHOWN]
    head = ["jobs/s", "at the first try", "answer p50, p99", "wait p50, p99", *names]
    columns = [*head, "the rest", "clients", "the machine"]
    told = [_cells(columns), _cells(["---"] * len(columns)), *(_row(one) for one in steps)]
    last = steps[-1]
    if missed := last.breaks():
        told += ["", f"At {last.per_s:g}/s {', '.join(missed)}. Full was {last.full()}."]
    return told


def _row(step: Step) -> str:
    shown = [step.cores.get(kind, 0.0) for kind in _SHOWN]
    clients = step.cores["clients"]
    rest = sum(step.cores.values()) - sum(shown) - clients
    return _cells(
        [
            f"{step.per_s:g}",
            f"{step.first_try_share:.2%}",
            f"{step.answer_p50_ms:g}, {step.answer_p99_ms:g} ms",
            f"{step.queue_p50_ms:g}, {step.queue_p99_ms:g} ms",
            *(f"{cores:.2f}" for cores in (*shown, rest, clients)),
            f"{step.machine:.0%}",
        ]
    )


def _cells(words: Sequence[str]) -> str:
    return f"| {' | '.join(words)} |"
