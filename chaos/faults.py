"""The faults: each strikes the running system once and says whom it hit.

A `Wound` names the leases that the victim held in the moment it was struck: (job, fence). Recovery
of a worker's fault is when every one of them runs again, or has ended, under another fence.
"""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from uuid import UUID

import redis.asyncio as redis

from chaos.system import CPU_WORKERS, IO_WORKERS, System

FROZEN_S = 9.0  # a lease is five seconds
IN_FLIGHT_S = 0.3  # a statement that a dead process had sent has ended by then

Lease = tuple[UUID, int]


@dataclass
class Wound:
    """What a fault did. Times are Unix seconds."""

    fault: str
    struck_at: float
    pids: set[int] = field(default_factory=set)
    held: list[Lease] = field(default_factory=list)
    frozen: bool = False
    recovered_at: float | None = None
    note: str = ""


Fault = Callable[[System, Random], Awaitable[Wound]]


async def kill_io_worker(system: System, random: Random) -> Wound:
    """`kill -9` of an io worker."""
    return await _kill_worker(system, random.choice(IO_WORKERS), "kill io worker")


async def kill_cpu_worker(system: System, random: Random) -> Wound:
    """`kill -9` of a cpu worker's parent; its children die with it."""
    return await _kill_worker(system, random.choice(CPU_WORKERS), "kill cpu worker")


async def kill_cpu_child(system: System, random: Random) -> Wound:
    """`kill -9` of a child of a cpu worker, one that runs a job if there is any."""
    children = [pid for name in CPU_WORKERS for pid in system.children(name)]
    rows = await system.query(
        "SELECT worker_pid FROM jobs WHERE state = 'running' AND worker_pid = ANY(%s)"
        " AND claimed_at < clock_timestamp() - interval '0.2 s'",
        children,
    )
    busy = sorted(row[0] for row in rows)
    if not children:
        return Wound("kill cpu child", time.time(), note="it had no children")
    pid = random.choice(busy or children)
    wound = Wound("kill cpu child", time.time(), {pid})
    system.send(pid, signal.SIGKILL)
    rows = await system.query(
        "SELECT id, fence FROM jobs WHERE state = 'running' AND worker_pid = %s", pid
    )
    wound.held = [(row[0], row[1]) for row in rows]
    return wound


async def kill_api(system: System, _: Random) -> Wound:
    """`kill -9` of the API."""
    return _kill(system, "api", "kill api")


async def kill_dispatcher(system: System, random: Random) -> Wound:
    """`kill -9` of a dispatcher: the leader, or the one that stands by."""
    return _kill(system, random.choice(("dispatcher", "dispatcher-2")), "kill dispatcher")


async def kill_redis(system: System, _: Random) -> Wound:
    """`kill -9` of Redis, which keeps nothing on disk."""
    return _kill(system, "redis", "kill redis")


async def flush_redis(system: System, _: Random) -> Wound:
    """FLUSHALL."""
    wound = Wound("flushall", time.time())
    async with redis.Redis.from_url(system.ready.redis_url) as client:
        await client.flushall()
    return wound


async def restart_postgres(system: System, _: Random) -> Wound:
    """A fast shutdown of PostgreSQL, which its supervisor answers with a start."""
    return _kill(system, "postgres", "restart postgres", signal.SIGINT)


async def cut_connections(system: System, _: Random) -> Wound:
    """`pg_terminate_backend` for every connection of ours."""
    wound = Wound("cut connections", time.time())
    rows = await system.query(
        "SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name LIKE 'haulage-%%') AS cut"
    )
    wound.note = f"{rows[0][0]} connections"
    return wound


async def freeze_io_worker(system: System, random: Random) -> Wound:
    """SIGSTOP of an io worker for longer than its lease, then SIGCONT."""
    name = random.choice(IO_WORKERS)
    pid = system.pid(name)
    return await _freeze(system, "freeze io worker", {pid} if pid else set())


async def freeze_cpu_worker(system: System, random: Random) -> Wound:
    """The same to the cpu worker: with its children, or its parent alone."""
    name = random.choice(CPU_WORKERS)
    pid = system.pid(name)
    pids = {pid, *system.children(name)} if pid else set()
    alone = random.random() < 0.5
    return await _freeze(
        system,
        "freeze cpu parent" if alone else "freeze cpu worker",
        pids,
        only=pid if alone else None,
    )


FAULTS: tuple[Fault, ...] = (
    kill_io_worker,
    kill_cpu_worker,
    kill_cpu_child,
    kill_api,
    kill_dispatcher,
    kill_redis,
    flush_redis,
    restart_postgres,
    cut_connections,
    freeze_io_worker,
    freeze_cpu_worker,
)
# After these every worker process has to show that it still hears the doorbell.
SILENCING = {"kill redis", "flushall", "restart postgres", "cut connections"}


def deck(random: Random) -> list[Fault]:
    """Every fault once, and those with a bar to hold once more, shuffled."""
    cards = [*FAULTS, kill_io_worker, kill_cpu_worker, kill_cpu_child]
    random.shuffle(cards)
    return cards


def _kill(system: System, name: str, fault: str, number: signal.Signals = signal.SIGKILL) -> Wound:
    pid = system.pid(name)
    wound = Wound(fault, time.time(), {pid} if pid else set(), note=name)
    if pid is not None:
        system.send(pid, number)
    return wound


async def _kill_worker(system: System, name: str, fault: str) -> Wound:
    children = set(system.children(name))
    wound = _kill(system, name, fault)
    wound.pids |= children
    await asyncio.sleep(IN_FLIGHT_S)
    wound.held = await _held(system, wound.pids)
    return wound


async def _freeze(system: System, fault: str, pids: set[int], only: int | None = None) -> Wound:
    wound = Wound(fault, time.time(), pids, frozen=True)
    stopped = {only} if only is not None else pids
    for pid in stopped:
        system.send(pid, signal.SIGSTOP)
    await asyncio.sleep(IN_FLIGHT_S)
    wound.held = await _held(system, pids)
    await asyncio.sleep(FROZEN_S - IN_FLIGHT_S)
    for pid in stopped:
        system.send(pid, signal.SIGCONT)
    return wound


async def _held(system: System, pids: set[int]) -> list[Lease]:
    rows = await system.query(
        "SELECT id, fence FROM jobs WHERE state = 'running' AND worker_pid = ANY(%s)", list(pids)
    )
    return [(row[0], row[1]) for row in rows]
