"""One run: start, load, strike, drain, check, report, stop."""

import asyncio
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

from chaos import checks, record, report
from chaos.checks import Violation
from chaos.faults import Fault, Wound, deck
from chaos.load import LONG_S, Load
from chaos.recovery import BARS_S, Times, await_recovery, times_of, until_every_worker_answers
from chaos.system import System
from haulage.domain.lifecycle import TERMINAL

WARM_UP_S = 4.0
# Beside the long jobs, what is left when the last fault is over ends within this.
DRAIN_S = 60.0
LONG_EVERY_S = 8.0


@dataclass(frozen=True)
class Plan:
    """How long, how hard, and from which seed."""

    minutes: float
    seed: int
    rate: float = 30.0
    slack: float = 1.0
    only: str | None = None

    @property
    def seconds(self) -> float:
        return self.minutes * 60


class Drill:
    """Runs a plan on a system of its own in `folder`."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._plan = plan
        self._system = System(folder)
        self._wounds: list[Wound] = []
        self._found: list[Violation] = []

    async def run(self) -> bool:
        """Whether every promise held."""
        try:
            await self._system.start()
            return await self._on_running_system()
        finally:
            await self._system.stop()

    async def _on_running_system(self) -> bool:
        # Two streams of chance: the number of submissions must not change which fault comes next.
        load = Load(self._system.ready.url, Random(self._plan.seed), self._plan.rate)
        stop = asyncio.Event()
        submitting = asyncio.create_task(
            load.run(
                stop,
                long_every_s=LONG_EVERY_S,
                long_until_s=max(self._plan.seconds - 30, self._plan.seconds / 2),
            )
        )
        try:
            await asyncio.sleep(WARM_UP_S)
            await self._strike(load)
            stop.set()
            await submitting
            await load.settle()
            if not await until_every_worker_answers(self._system, load):
                self._found.append(Violation("silent", None, "a worker hears no doorbell any more"))
            await self._drain()
        finally:
            submitting.cancel()
            await load.close()
        whole = await record.read(self._system, load.asked, self._wounds)
        times = times_of(whole)
        found = [*self._found, *checks.violations(whole), *self._over_the_bars(times)]
        for line in report.lines(whole, found, times, seed=self._plan.seed):
            print(line)
        print(report.json_line(whole, found, times, seed=self._plan.seed), flush=True)
        return not found

    async def _strike(self, load: Load) -> None:
        random = Random(self._plan.seed + 1)
        began = time.monotonic()
        cards: list[Fault] = []
        while time.monotonic() - began < self._plan.seconds:
            cards = cards or self._deck(random)
            wound = await cards.pop()(self._system, random)
            self._wounds.append(wound)
            recovered = await await_recovery(self._system, load, wound)
            self._tell(began, wound)
            if not recovered:
                self._found.append(Violation("recovery", None, f"none after {wound.fault}"))
            await asyncio.sleep(random.uniform(0.5, 4.0))

    def _deck(self, random: Random) -> list[Fault]:
        only = self._plan.only
        return [one for one in deck(random) if only is None or only in one.__name__]

    def _tell(self, began: float, wound: Wound) -> None:
        spent = (
            "never"
            if wound.recovered_at is None
            else f"{wound.recovered_at - wound.struck_at:.2f} s"
        )
        at_s = time.monotonic() - began
        text = f"{at_s:6.1f} s  {wound.fault:<18} held {len(wound.held):>3}  recovered {spent}"
        print(f"{text}  {wound.note}".rstrip(), file=sys.stderr, flush=True)

    async def _drain(self) -> None:
        """Wait until every job is over; whoever is not by then is lost, as the checks will say."""
        deadline = time.monotonic() + LONG_S + DRAIN_S
        while time.monotonic() < deadline:
            rows = await self._system.query(
                "SELECT count(*) FROM jobs WHERE state <> ALL(%s)", sorted(TERMINAL)
            )
            if rows[0][0] == 0:
                return
            await asyncio.sleep(0.3)

    def _over_the_bars(self, times: dict[str, Times]) -> list[Violation]:
        return [
            Violation("bar", one.slowest, f"{fault}: p99 {one.p99_s:.2f} s, the bar is {bar_s:g} s")
            for fault, bar_s in BARS_S.items()
            if (one := times.get(fault)) is not None and one.p99_s > bar_s * self._plan.slack
        ]
