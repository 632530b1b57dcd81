"""A key of payloads is changed under real processes: jobs of both pools run all the while, each
process is started again by itself, and the old key is given up in the end."""

import asyncio
import base64
import json
import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
import redis
from live_system import free_port, until

from haulage.client import Client
from haulage.runtime.nursery import Nursery
from haulage.runtime.process import Process, ProcessSpec
from haulage.storage import migrate
from haulage.storage.blobs import Blobs
from haulage.storage.database import Database
from haulage.storage.resealing import Resealing
from haulage.storage.sealing import MARK, Sealer
from tests.support.databases import made

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("upgrade"), pytest.mark.timeout(420)]

ROOT = Path(__file__).resolve().parents[2]
OLD, NEW = "b2xk" * 10 + "b2w", "bmV3" * 10 + "bmU"
SECRET = "Rosebud"
END = "that is all"
PACKED = re.compile(r"[A-Za-z0-9+/]{40,}={0,2}")
STEPS = 4


class Installation:
    """Its processes, and the file that each reads its keys from when it starts."""

    def __init__(self, url: str, redis_url: str, folder: Path, nursery: Nursery) -> None:
        port = free_port()
        self.url = url
        self.client = Client(f"http://127.0.0.1:{port}")
        self.blobs = str(folder / "blobs")
        self._log = folder / "processes.log"
        self._nursery = nursery
        self._keys = folder / "keys"
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("HAULAGE_")},
            "PYTHONPATH": str(ROOT),
            "HAULAGE_DATABASE_URL": url,
            "HAULAGE_REDIS_URL": redis_url,
            "HAULAGE_REDIS_PREFIX": "rotation:",
            "HAULAGE_BLOB_URL": self.blobs,
            "HAULAGE_HANDLERS": "tests.support.crew_handlers",
            "HAULAGE_ENGINE_SHUTDOWN_S": "1",
            "HAULAGE_PAYLOAD_KEYS_FILE": str(self._keys),
        }
        self._words = {
            "api": ("api", "--port", str(port)),
            "io": ("worker", "--pool", "io"),
            "cpu": ("worker", "--pool", "cpu", "-c", "1"),
            "dispatcher": ("dispatcher",),
        }
        self._running: dict[str, Process] = {}

    def has(self, *keys: str) -> None:
        """What is started from here on has these."""
        self._keys.write_text(",".join(keys))

    def start(self) -> None:
        for name in self._words:
            self._running[name] = self._begun(self._words[name])
        until(self._is_there, within_s=60)

    def one_by_one(self) -> Iterator[str]:
        """End each process and start it again; its name, once it is back."""
        for name, words in self._words.items():
            self._running[name].stop()
            assert self._running[name].exit_code == 0
            self._running[name] = self._begun(words)
            until(self._is_there, within_s=60)
            yield name

    def rotate(self) -> int:
        """`haulage payloads rotate`; how many texts it sealed."""
        before = self._log.stat().st_size
        rotating = self._begun(("payloads", "rotate", "-o", "json"))
        assert rotating.wait(60)
        said = self._log.read_bytes()[before:].decode()
        assert rotating.exit_code == 0, said
        [line] = [line for line in said.splitlines() if line.startswith('{"sealed"')]
        return sum(json.loads(line)["sealed"].values())

    def stop(self) -> None:
        for process in self._running.values():
            process.kill()

    @property
    def said(self) -> str:
        """All that its processes have written to their logs."""
        return self._log.read_text()

    def ask(self, statement: str) -> list[tuple]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(statement).fetchall()  # type: ignore[arg-type]

    def _begun(self, words: tuple[str, ...]) -> Process:
        bear = partial(self._nursery.bear, words)
        argv = (sys.executable, "-m", "haulage", *words)
        return Process(ProcessSpec(words[0], argv, env=self._environment, bear=bear), self._log)

    def _is_there(self) -> bool:
        try:
            live = {one.pool for one in self.client.workers() if one.state == "live"}
        except Exception:
            return False
        return live == {"io", "cpu"}


@pytest.fixture(scope="module")
def installation(
    servers: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """Everybody can open what the new key seals, and nobody seals by it yet."""
    folder = tmp_path_factory.mktemp("rotation")
    nursery = Nursery(os.environ, folder / "nursery.log")
    with closing(nursery), made(servers["database"], "rotation") as url:
        migrate.migrate(url)
        installation = Installation(url, servers["redis"], folder, nursery)
        installation.has(OLD, NEW)
        try:
            installation.start()
            yield installation
        finally:
            installation.stop()


def submit_all(client: Client, witness: str, **more: object) -> dict[UUID, object]:
    """Jobs that carry a secret and may fail at nothing; what each has to come to."""
    steps = {"witness": witness, "steps": STEPS, **more}
    squares = [number * number for number in range(STEPS)]
    wanted: dict[UUID, object] = {}
    for kind, given, result in (
        ("echo", {"value": SECRET}, {"value": SECRET}),
        ("echo", {"value": SECRET * 50_000}, {"value": SECRET * 50_000}),
        ("crew.steps", steps, squares),
        ("crew.spin", steps, sum(range(STEPS))),
        (
            "crew.parent",
            {"witness": witness, "children": [["crew.steps", steps]]},
            [["succeeded", squares]],
        ),
    ):
        wanted[client.submit(kind, given, max_attempts=1).id] = result
    return wanted


def ids_of_keys(installation: Installation) -> set[str]:
    """The ids of the keys by which what lies in the rows of jobs and steps is sealed."""
    return {
        text.partition(MARK)[2].partition('"')[2].partition('"')[2].partition(".")[0]
        for (text,) in installation.ask(
            "SELECT CAST(input AS text) FROM jobs WHERE input IS NOT NULL"
            " UNION ALL SELECT CAST(result AS text) FROM jobs WHERE result IS NOT NULL"
            " UNION ALL SELECT CAST(value AS text) FROM steps WHERE value IS NOT NULL"
        )
    }


async def passed(installation: Installation, *keys: str) -> int:
    """Look at all that is stored with these keys alone; how many texts had to be sealed anew."""
    sealer = Sealer(keys)
    database = Database(installation.url, pool_size=1, name="rotation", sealer=sealer)
    blobs = Blobs.open(installation.blobs, sealer=sealer)
    try:
        return sum([one.sealed async for one in Resealing(database, blobs).run()])
    finally:
        await database.close()


def id_of(key: str) -> str:
    return str(json.loads(Sealer([key]).seal("1"))[MARK]).partition(".")[0]


def test_no_job_is_lost_and_nothing_becomes_unreadable(
    installation: Installation, tmp_path: Path
) -> None:
    witness, client = str(tmp_path / SECRET), installation.client
    wanted = submit_all(client, witness, seconds=0.5)
    installation.has(NEW, OLD)
    for _ in installation.one_by_one():
        wanted |= submit_all(client, witness)
    assert ids_of_keys(installation) == {id_of(OLD), id_of(NEW)}
    assert installation.rotate() > 0
    for job_id in wanted:
        assert client.wait(job_id, timeout_s=60).state == "succeeded"
    # Nobody seals by the old one any more, and nothing needs it: what did would end the pass.
    assert asyncio.run(passed(installation, NEW)) == 0
    assert ids_of_keys(installation) == {id_of(NEW)}
    installation.has(NEW)
    for _ in installation.one_by_one():
        wanted |= submit_all(client, witness)
    for job_id, result in wanted.items():
        assert client.wait(job_id, timeout_s=60).state == "succeeded"
        assert client.result(job_id) == result
    for none in (
        "SELECT FROM jobs WHERE attempt <> 1 OR crashes > 0",
        "SELECT FROM events WHERE data ->> 'reason' = 'unknown_key'",
        f"SELECT FROM jobs WHERE strpos(CAST(jobs AS text), '{SECRET}') > 0",
    ):
        assert installation.ask(none) == []


class Overheard:
    """What passes through Redis, with what is packed in base64 unpacked."""

    def __init__(self, url: str) -> None:
        self._client = redis.Redis.from_url(url)
        self._monitor = self._client.monitor().__enter__()
        self._heard: list[str] = []
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def end(self) -> str:
        self._client.echo(END)
        self._thread.join(30)
        self._monitor.__exit__(None, None, None)
        self._client.close()
        return "\n".join(self._heard)

    def _listen(self) -> None:
        for told in self._monitor.listen():
            said = str(told["command"])
            if END in said:
                return
            self._heard += [said, *(unpacked(one) for one in PACKED.findall(said))]


def unpacked(text: str) -> str:
    try:
        return base64.b64decode(text).decode(errors="replace")
    except ValueError:
        return ""


def test_redis_and_logs_know_of_a_job_and_nothing_of_what_is_in_it(
    installation: Installation, servers: dict[str, str], tmp_path: Path
) -> None:
    word = f"rosebud{uuid4().hex}"
    client, overheard = installation.client, Overheard(servers["redis"])
    blurts = [client.submit(f"crew.blurt_{pool}", {"witness": word}).id for pool in ("io", "cpu")]
    echo = client.submit("echo", {"value": word}).id
    assert [client.wait(one, timeout_s=60).state for one in blurts] == ["failed"] * 2
    assert client.wait(echo, timeout_s=60).result == {"value": word}
    assert word in str(client.get(blurts[0]).error)
    passed, logged = overheard.end(), installation.said
    assert all(str(one) in passed for one in (*blurts, echo))
    assert all(str(one) in logged for one in blurts)
    assert (word in passed, word in logged) == (False, False)
