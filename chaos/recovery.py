"""How long a fault hurts.

After a worker's fault: until each job that the victim held runs again, or has ended. After any
other: until a probe that was submitted afterwards has finished, on every worker that it could have
silenced.
"""

import asyncio
import math
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from chaos.faults import SILENCING, Wound
from chaos.load import PROBE, PROBE_CPU, Asked, Kind
from chaos.record import Record
from chaos.system import CPU_WORKERS, IO_WORKERS, System
from haulage.domain.lifecycle import TERMINAL, State

GIVE_UP_S = 45.0
WAVE = 6
# Seconds that the recovery of 99 in 100 jobs may take.
BARS_S = {"kill io worker": 10.0, "kill cpu worker": 10.0, "kill cpu child": 2.0}


class Submitter(Protocol):
    """Who submits the probes."""

    async def submit(self, kind: Kind, *, delay_s: float | None = None) -> Asked:
        """Submit one job."""
        ...

    async def state(self, job_id: UUID) -> dict[str, Any] | None:
        """The job by the API; None while that does not answer."""
        ...


@dataclass(frozen=True)
class Times:
    """Recovery times of one kind of fault, in seconds; `faults` strikes gave `count` of them.

    `slowest` is the job that took longest, where a job was waited for.
    """

    faults: int
    count: int
    p50_s: float
    p99_s: float
    max_s: float
    slowest: UUID | None


async def await_recovery(system: System, load: Submitter, wound: Wound) -> bool:
    """Return when the system has recovered, noting when; False after a long time without."""
    try:
        async with asyncio.timeout(GIVE_UP_S):
            if wound.held:
                await until_held_run_again(system, wound)
            elif wound.fault in SILENCING:
                await _until_every_worker_answers(system, load)
            else:
                await _probe(load, PROBE, delayed=wound.fault == "kill dispatcher")
    except TimeoutError:
        return False
    wound.recovered_at = time.time()
    return True


async def until_every_worker_answers(system: System, load: Submitter) -> bool:
    """Whether every worker process that runs still hears its doorbell."""
    try:
        async with asyncio.timeout(GIVE_UP_S):
            await _until_every_worker_answers(system, load)
    except TimeoutError:
        return False
    return True


async def until_held_run_again(system: System, wound: Wound) -> None:
    """Return when each job that the victim held runs elsewhere, or has ended."""
    ids = [job_id for job_id, _ in wound.held]
    fences = [fence for _, fence in wound.held]
    while True:
        rows = await system.query(
            "SELECT count(*) FROM jobs JOIN unnest(%s::uuid[], %s::bigint[]) AS held (id, fence)"
            " ON jobs.id = held.id WHERE jobs.fence = held.fence AND finished_at IS NULL",
            ids,
            fences,
        )
        if rows[0][0] == 0:
            return
        await asyncio.sleep(0.1)


def times_of(record: Record) -> dict[str, Times]:
    """Recovery times by fault; after a worker's fault one for each job that the victim held."""
    found: dict[str, list[tuple[float, UUID | None]]] = defaultdict(list)
    strikes: dict[str, int] = defaultdict(int)
    for wound in record.wounds:
        strikes[wound.fault] += 1
        found[wound.fault] += _times_of(wound, record)
    return {
        fault: Times(strikes[fault], len(times), *_quantiles(times))
        for fault, times in sorted(found.items())
    }


def _times_of(wound: Wound, record: Record) -> Iterable[tuple[float, UUID | None]]:
    if not wound.held:
        if wound.recovered_at is not None:
            yield wound.recovered_at - wound.struck_at, None
        return
    for job_id, fence in wound.held:
        after = False
        for event in record.events[job_id]:
            if event.data is None:
                continue
            if after and (event.state == State.RUNNING or event.state in TERMINAL):
                yield max(event.at - wound.struck_at, 0.0), job_id
                break
            after = after or (event.state == State.RUNNING and event.data["fence"] == fence)
        else:
            yield math.inf, job_id


def _quantiles(
    times: Sequence[tuple[float, UUID | None]],
) -> tuple[float, float, float, UUID | None]:
    if not times:
        return math.nan, math.nan, math.nan, None
    ordered = sorted(times, key=lambda one: one[0])

    def at(share: float) -> float:
        return ordered[max(math.ceil(share * len(ordered)) - 1, 0)][0]

    return at(0.5), at(0.99), *ordered[-1]


async def _until_every_worker_answers(system: System, load: Submitter) -> None:
    await asyncio.gather(
        _until_each_answers(system, load, PROBE, IO_WORKERS),
        _until_each_answers(system, load, PROBE_CPU, CPU_WORKERS),
    )


# Workers whose places are all taken, by their processes.
FULL = """
SELECT worker.pid FROM workers AS worker JOIN jobs ON jobs.worker_id = worker.id
WHERE worker.ended_at IS NULL AND jobs.state = 'running'
GROUP BY worker.id HAVING count(*) >= worker.slots
"""


async def _until_each_answers(
    system: System, load: Submitter, kind: Kind, names: Sequence[str]
) -> None:
    """Probe until every worker of a pool that is up now, and stays up, has run one."""
    rows = await system.query("SELECT pid FROM workers WHERE ended_at IS NULL")
    registered = {row[0] for row in rows}  # one that is still starting was not silenced
    silent = {name: pid for name in names if (pid := system.pid(name)) in registered}
    answered: set[int | None] = set()
    while silent:
        answered |= set(await asyncio.gather(*(_probe(load, kind) for _ in range(WAVE))))
        for name, pid in list(silent.items()):
            # A child of a cpu worker answers in its name.
            if pid != system.pid(name) or answered & {pid, *system.children(name)}:
                del silent[name]
        # Jobs that begin anew with each death fill a cpu worker for as long as they last: it hears,
        # and has no place. At the end of a drill none is full.
        rows = await system.query(FULL)
        for pid in {row[0] for row in rows}:
            silent = {name: its for name, its in silent.items() if its != pid}


async def _probe(load: Submitter, kind: Kind, *, delayed: bool = False) -> int | None:
    """Submit a job until one is accepted, wait for its end; the pid that ran it."""
    while True:
        asked = await load.submit(kind, delay_s=0.2 if delayed else None)
        if asked.job_id is not None:
            break
    while True:
        job = await load.state(asked.job_id)
        if job is not None and job["state"] in TERMINAL:
            return (job["result"] or {}).get("pid")
        await asyncio.sleep(0.03)
