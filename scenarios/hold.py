"""A load that holds: jobs that wait, on a timetable, through nginx, with a fault every minute."""

import asyncio
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from random import Random

from bench.timetable import percentiles
from chaos.record import Record
from haulage.domain.lifecycle import State
from scenarios import failures, report
from scenarios.clients import Clients, waiting
from scenarios.failures import Failure, Scene, Stage
from scenarios.stage import judged, running, worked_by

ANSWER_MS, QUEUE_MS, SHARE = 50.0, 100.0, 0.999
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
                scenes = await self._strike(stage)
            outcome = await judged(topology, clients, scenes)
        for line in report.lines(outcome.told, outcome.violations):
            print(line)
        answers = report.answers(clients.calls)
        queue_p50, queue_p99 = percentiles(list(_queue_ms(outcome.whole)))
        kept = (
            answers["answer_p50_ms"] < ANSWER_MS
            and queue_p50 < QUEUE_MS
            and answers["first_try_share"] >= SHARE
        )
        met = not outcome.violations and answers["answered_share"] == 1 and (kept or not self.bars)
        print(
            report.json_line(
                "load",
                outcome.told,
                met=met,
                jobs=len(outcome.whole.jobs),
                per_s=self.rate,
                seconds=self.seconds,
                violations=len(outcome.violations),
                spans=sum(seen.spans.values()),
                clients_behind_s=round(clients.most_behind_s, 3),
                **answers,
                bar_answer_p50_ms=ANSWER_MS,
                bar_first_try_share=SHARE,
                queue_p50_ms=round(queue_p50, 1),
                queue_p99_ms=round(queue_p99, 1),
                bar_queue_p50_ms=QUEUE_MS,
            ),
            flush=True,
        )
        return met

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


def _queue_ms(whole: Record) -> Iterator[float]:
    """Of each job, from its submit until a worker had it for the first time."""
    for events in whole.events.values():
        for event in events:
            if event.state == State.RUNNING:
                yield 1000 * (event.at - events[0].at)
                break
