"""The failures: an API server, a worker of each pool, Redis, nginx.

Each strikes once and waits until the system is well again.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import httpx

from chaos.faults import (
    Wound,
    flush_redis,
    kill_cpu_worker,
    kill_dispatcher,
    kill_io_worker,
)
from chaos.load import Asked, Kind
from chaos.recovery import await_recovery
from scenarios.clients import Clients
from scenarios.topology import API_SERVERS, Topology

POLL_S = 0.05
GIVE_UP_S = 60.0
_EACH_WORKER = "every worker has taken a job that was submitted afterwards"
# Jobs of the cpu pool that run when its worker is killed, one for each of its places.
PLACES = 4
COMPUTES = Kind("computes", "chaos.cpu_long", 0, lambda _: {"seconds": 2.0})


@dataclass(frozen=True)
class Stage:
    """What a failure has to do with. `away_s` is how long what is held stays away."""

    topology: Topology
    clients: Clients
    random: Random
    away_s: float


@dataclass
class Scene:
    """One failure: what was struck when, and `healed_s` later all was well (None: never).

    `text` says what that means here, `to_do` what is left to somebody who looks after it.
    """

    name: str
    struck_at: float
    wounds: list[Wound] = field(default_factory=list)
    healed_s: float | None = None
    text: str = ""
    to_do: str = "nothing"
    facts: dict[str, float | int] = field(default_factory=dict)


Failure = Callable[[Stage], Awaitable[Scene]]


async def api_server(stage: Stage) -> Scene:
    """`kill -9` of an API server: nginx asks the others, and this one again once it is back."""
    name = stage.random.choice(API_SERVERS)
    address = stage.topology.addresses.apis[API_SERVERS.index(name)]
    log = stage.topology.edge_log
    wound = _strike(stage, name, "kill api")
    scene = Scene("an API server, `kill -9`", wound.struck_at, [wound])
    begin = log.stat().st_size
    answers = await _until(lambda: _answers(f"{address}/health"))
    # What is in the log until it answers again may still be of the process that was killed.
    begin = max(begin, log.stat().st_size)
    taken_back = await _until(lambda: _has_served(log, begin, address))
    scene.facts = {"answers_again_s": answers - wound.struck_at}
    wound.recovered_at = taken_back
    scene.healed_s = taken_back - wound.struck_at
    scene.text = "the server was started again and nginx sends it requests"
    scene.to_do = "nothing, where it is started again by itself and another one is there"
    return scene


async def io_worker(stage: Stage) -> Scene:
    """`kill -9` of an io worker: its jobs run elsewhere."""
    return await _worker(stage, "an io worker, `kill -9`", kill_io_worker)


async def cpu_worker(stage: Stage) -> Scene:
    """`kill -9` of a cpu worker, its processes with it."""
    asked = await asyncio.gather(*(stage.clients.submit(COMPUTES) for _ in range(PLACES)))
    await _until(lambda: _were_taken(stage.topology, asked))
    return await _worker(stage, "a cpu worker, `kill -9`", kill_cpu_worker)


async def redis_from_its_file(stage: Stage) -> Scene:
    """`kill -9` of Redis, started again at once from its append-only file."""
    wound = _strike(stage, "redis", "kill redis")
    scene = Scene("Redis, `kill -9`, back from its file", wound.struck_at, [wound])
    return await _heal(stage, scene, wound, _EACH_WORKER)


async def redis_away_and_empty(stage: Stage) -> Scene:
    """Redis is gone for a while and comes back with nothing."""
    wound = _strike(stage, "redis", "kill redis", hold=True)
    scene = Scene(f"Redis, away for {stage.away_s:g} s and back empty", wound.struck_at, [wound])
    await asyncio.sleep(stage.away_s)
    submits = [one for one in stage.clients.between(wound.struck_at) if one.what == "submit"]
    for kept in stage.topology.redis_folder.glob("**/*appendonly*"):
        if kept.is_file():
            kept.unlink()
    stage.topology.let_go("redis")
    returned_at = time.time()
    scene = await _heal(stage, scene, wound, f"counted from its return: {_EACH_WORKER}")
    scene.to_do = (
        "nothing: messages are rung again from PostgreSQL, and so are what days and longer have"
        " used of a limit; minutes and hours count anew"
    )
    scene.facts["accepted_meanwhile"] = sum(one.answered for one in submits)
    if wound.recovered_at is not None:
        scene.healed_s = wound.recovered_at - returned_at
    return scene


async def nginx(stage: Stage) -> Scene:
    """nginx is gone for a while; clients that know the API servers go to them directly."""
    wound = _strike(stage, "nginx", "kill nginx", hold=True)
    scene = Scene(f"nginx, away for {stage.away_s:g} s", wound.struck_at, [wound])
    await asyncio.sleep(stage.away_s)
    meanwhile = stage.clients.between(wound.struck_at)
    scene.facts = {"answered_directly": sum(one.answered and one.by > 0 for one in meanwhile)}
    stage.topology.let_go("nginx")
    returned_at = time.time()
    address = stage.topology.addresses.edge
    wound.recovered_at = await _until(lambda: _answers(f"{address}/health"))
    scene.healed_s = wound.recovered_at - returned_at
    scene.text = "counted from its start: it passes requests on"
    scene.to_do = "start it; meanwhile give clients an API server's own address"
    return scene


async def nginx_started_again(stage: Stage) -> Scene:
    """`kill -9` of nginx, started again at once."""
    wound = _strike(stage, "nginx", "kill nginx")
    scene = Scene("nginx, `kill -9`", wound.struck_at, [wound], text="it passes requests on")
    address = stage.topology.addresses.edge
    wound.recovered_at = await _until(lambda: _answers(f"{address}/health"))
    scene.healed_s = wound.recovered_at - wound.struck_at
    return scene


async def dispatcher(stage: Stage) -> Scene:
    """`kill -9` of a dispatcher: the leader, or the one that stands by."""
    wound = await kill_dispatcher(stage.topology, stage.random)
    scene = Scene("a dispatcher, `kill -9`", wound.struck_at, [wound])
    return await _heal(stage, scene, wound, "a job that was to run later has run")


async def redis_flushed(stage: Stage) -> Scene:
    """FLUSHALL: every message is gone."""
    wound = await flush_redis(stage.topology, stage.random)
    scene = Scene("Redis, `FLUSHALL`", wound.struck_at, [wound])
    return await _heal(stage, scene, wound, _EACH_WORKER)


FAILURES: dict[str, Failure] = {
    "api": api_server,
    "io-worker": io_worker,
    "cpu-worker": cpu_worker,
    "redis": redis_from_its_file,
    "redis-empty": redis_away_and_empty,
    "nginx": nginx,
}


async def _worker(
    stage: Stage, name: str, kill: Callable[[Topology, Random], Awaitable[Wound]]
) -> Scene:
    wound = await kill(stage.topology, stage.random)
    scene = Scene(name, wound.struck_at, [wound])
    scene.facts = {"jobs_it_held": len(wound.held)}
    scene.to_do = "nothing; what took long and ran twice goes into a step"
    return await _heal(stage, scene, wound, "each of its jobs runs elsewhere, or has ended")


async def _heal(stage: Stage, scene: Scene, wound: Wound, text: str) -> Scene:
    scene.text = text
    if await await_recovery(stage.topology, stage.clients, wound):
        assert wound.recovered_at is not None
        scene.healed_s = wound.recovered_at - wound.struck_at
    return scene


def _strike(stage: Stage, name: str, fault: str, *, hold: bool = False) -> Wound:
    pid = stage.topology.pid(name)
    assert pid is not None, f"{name} is down already"
    wound = Wound(fault, time.time(), {pid}, note=name)
    if hold:
        stage.topology.hold(name)
    else:
        stage.topology.kill(name)
    return wound


async def _until(holds: Callable[[], Awaitable[bool]]) -> float:
    """When it was seen to hold, in Unix seconds. Raises TimeoutError."""
    async with asyncio.timeout(GIVE_UP_S):
        while True:
            if await holds():
                return time.time()
            await asyncio.sleep(POLL_S)


async def _were_taken(topology: Topology, asked: Sequence[Asked]) -> bool:
    ids = [one.job_id for one in asked if one.job_id is not None]
    rows = await topology.query(
        "SELECT count(*) FROM jobs WHERE id = ANY(%s) AND claimed_at IS NOT NULL", ids
    )
    return bool(rows[0][0] == len(ids))


async def _answers(url: str) -> bool:
    async with httpx.AsyncClient(trust_env=False, verify=False, timeout=1) as client:
        try:
            return (await client.get(url)).status_code == 200
        except httpx.TransportError:
            return False


async def _has_served(log: Path, begin: int, address: str) -> bool:
    """Whether nginx' log says, after byte `begin`, that this API server answered somebody."""
    server = address.removeprefix("http://")
    with log.open("rb") as file:
        file.seek(begin)
        text = file.read().decode()
    for line in text.splitlines(keepends=True):
        if line.endswith("\n"):
            said = json.loads(line)
            # Each server that was asked for one request, in order; the last one answered.
            if said["api"].rpartition(", ")[2] == server and said["status"] < 500:
                return True
    return False
