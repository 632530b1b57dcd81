"""A load that holds: jobs that wait, on a timetable, through nginx, with a fault every minute."""

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from random import Random
from typing import Any

from scenarios import failures, figures, report
from scenarios.clients import Clients, waiting
from scenarios.failures import Failure, Scene, Stage
from scenarios.stage import Outcome, judged, running, worked_by

ANSWER_MS, QUEUE_MS, SHARE = 50.0, 100.0, 0.999
PROGRESS_S = 10.0
# In this order, again and again. Nothing is held away here: each is started again at once.
DECK: tuple[Failure, ...] = (
    failures.api_server,
    failures.io_worker,
    failures.dispatcher,
    failures.redis_from_its_file,
    failures.nginx_started_again,
    failures.redis_flushed,
)


@dataclass(frozen=True)
class Hold:
    """How much for how long, and how often a fault strikes."""

    seconds: float = 600.0
    rate: float = 120.0
    lasts_s: float = 5.0
    fault_every_s: float = 60.0
    seed: int = 1
    bars: bool = True
    pooled: bool = False

    @classmethod
    def short(cls) -> "Hold":
        """As the tests hold it: beside other work, and in twenty seconds."""
        return cls(seconds=20.0, rate=15.0, fault_every_s=8.0, bars=False)

    async def run(self, folder: Path) -> bool:
        """Whether nothing was lost or doubled, all healed and the bars were kept, if there are."""
        async with running(folder, pooled=self.pooled) as (topology, seen):
            clients = Clients(
                (topology.addresses.edge,),
                topology.ready.key,
                Random(self.seed),
                waiting(self.lasts_s),
                self.rate,
                self.lasts_s,
            )
            async with worked_by(clients):
                stage = Stage(topology, clients, Random(self.seed), away_s=0.0)
                with _progress(clients):
                    scenes = await self._strike(stage)
            outcome = await judged(topology, clients, scenes)
        numbers: dict[str, Any] = {
            "jobs": len(outcome.whole.jobs),
            **figures.promises(outcome.violations),
            **figures.answers(clients.calls),
            **figures.queueing(outcome.whole),
        }
        kept = (
            numbers["answered_share"] >= SHARE
            and numbers["answer_p50_ms"] < ANSWER_MS
            and numbers["queue_p50_ms"] < QUEUE_MS
        )
        met = not outcome.violations and (kept or not self.bars)
        print("\n".join([*self._table(numbers, clients, outcome), ""]))
        print("\n".join(report.lines(outcome.told, outcome.violations)))
        print(
            report.json_line(
                "load",
                outcome.told,
                met=met,
                per_s=self.rate,
                seconds=self.seconds,
                **numbers,
                errors=figures.errors(clients.calls),
                bar_answered_share=SHARE,
                bar_answer_p50_ms=ANSWER_MS,
                bar_queue_p50_ms=QUEUE_MS,
                spans=sum(seen.spans.values()),
                clients_behind_s=round(clients.most_behind_s, 3),
            ),
            flush=True,
        )
        return met

    def _table(self, numbers: dict[str, Any], clients: Clients, outcome: Outcome) -> list[str]:
        """All of it, as docs/scaling.md shows it."""
        said = figures.errors(clients.calls)
        rows = {
            "jobs submitted, through nginx": f"{numbers['jobs']:,} at {self.rate:g} a second",
            "requests answered at the first try": f"{numbers['first_try_share']:.3%}",
            "and with our client's tries (four at most)": f"{numbers['answered_share']:.3%}",
            "instead of an answer": ", ".join(f"{n:,} × {what}" for what, n in said.items()) or "–",
            "an answer": f"p50 {numbers['answer_p50_ms']} ms, p99 {numbers['answer_p99_ms']} ms",
            "from submit to a worker": f"p50 {numbers['queue_p50_ms']} ms, "
            f"p99 {numbers['queue_p99_ms']} ms",
            "jobs lost, doubled": f"{numbers['lost']}, {numbers['doubled']}",
            "faults": str(len(outcome.told)),
        }
        head = [f"| {self.seconds:g} s of jobs that wait {self.lasts_s:g} s | |", "| --- | --- |"]
        return head + [f"| {name} | {value} |" for name, value in rows.items()]

    async def _strike(self, stage: Stage) -> list[Scene]:
        """A fault in the middle of each of the times between two."""
        scenes: list[Scene] = []
        began = time.monotonic()
        due_s = self.fault_every_s / 2
        for fault in cycle(DECK):
            if due_s >= self.seconds:
                break
            await asyncio.sleep(began + due_s - time.monotonic())
            scenes.append(await fault(stage))
            at_s = scenes[-1].struck_at - time.time() + time.monotonic() - began
            print(f"{at_s:6.1f} s  {scenes[-1].name}", file=sys.stderr, flush=True)
            due_s += self.fault_every_s
        await asyncio.sleep(began + self.seconds - time.monotonic())
        return scenes


@contextmanager
def _progress(clients: Clients) -> Iterator[None]:
    """Every ten seconds a line on what was answered since the last one."""

    async def tell() -> None:
        began, seen = time.monotonic(), 0
        while True:
            await asyncio.sleep(PROGRESS_S)
            fresh, seen = clients.calls[seen:], len(clients.calls)
            now = figures.answers(fresh)
            errors = ", ".join(f"{n} × {what}" for what, n in figures.errors(fresh).items())
            print(
                f"{time.monotonic() - began:6.1f} s  {len(clients.asked):,} jobs submitted;"
                f" {now['calls']:,} calls ended, {now['first_try_share']:.2%} at the first try,"
                f" {now['answered_share']:.2%} answered; p50 {now['answer_p50_ms']} ms,"
                f" p99 {now['answer_p99_ms']} ms{'; ' if errors else ''}{errors}",
                file=sys.stderr,
                flush=True,
            )

    task = asyncio.get_running_loop().create_task(tell())
    try:
        yield
    finally:
        task.cancel()
