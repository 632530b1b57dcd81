"""The whole system on this machine: PostgreSQL, Redis, and the processes of Haulage.

`with Stack(options) as stack:` holds everything running and answering; `stack.ready` says where.
Servers that the options name are used and left alone; the others are started and stopped here.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from haulage.runtime import ports
from haulage.runtime.datafolder import DataFolder, Ready
from haulage.runtime.environment import environment
from haulage.runtime.fault import StartFault, StartInterrupted
from haulage.runtime.files import secret
from haulage.runtime.findable import require_findable
from haulage.runtime.http_probe import HttpProbe, is_loopback
from haulage.runtime.nursery import Nursery
from haulage.runtime.postgres import Postgres
from haulage.runtime.process import Process, ProcessSpec, StopStep, died
from haulage.runtime.redis import Redis
from haulage.runtime.sources import names_source
from haulage.runtime.supervisor import Answering, Died, Event, Supervisor

DEFAULT_PORT = 8700
_READY_WITHIN_S = 90
# Jobs are durable, so on one's own machine Ctrl-C may be quicker than a worker in production.
_SHUTDOWN_S = "5"


@dataclass(frozen=True)
class StackOptions:
    """What to start.

    `port=None` takes 8700, or a free one when that is taken; `cpu_processes=None` the number of
    cores, at least 2 and at most 4. `environment` is added to ours. For tests: `durable=False`, and
    a `script` with the same commands in place of `haulage`.
    """

    data: Path
    host: str = "127.0.0.1"
    port: int | None = None
    io_concurrency: int = 1000
    cpu_processes: int | None = None
    handlers: tuple[str, ...] = ()
    auth: bool = False
    database_url: str | None = None
    redis_url: str | None = None
    durable: bool = True
    environment: Mapping[str, str] = field(default_factory=dict)
    script: Path | None = None


class Stack:
    """Starts everything, waits, stops everything. One life: start, stop."""

    def __init__(
        self, options: StackOptions, on_event: Callable[[Event], None] = lambda _: None
    ) -> None:
        self.options = options
        self.folder = DataFolder(options.data)
        self.ready: Ready | None = None
        self._on_event = on_event
        self._supervisor = Supervisor(self.folder.logs, self._heard)
        self._nursery: Nursery | None = None
        self._errand: Process | None = None
        self._ports: list[ports.Port] = []
        self._stop_asked = threading.Event()
        self._announcing = threading.Lock()

    def start(self) -> Ready:
        """Start everything and return when it answers.

        Raises StartFault, or StartInterrupted after `request_stop`; nothing runs then.
        """
        try:
            return self._start()
        except BaseException:
            self.stop()
            raise

    def wait(self) -> None:
        """Return when somebody asks for the stop."""
        self._stop_asked.wait()

    def request_stop(self) -> None:
        """Ask for the stop, from any thread; asked again, the stop becomes a hard one."""
        if self._stop_asked.is_set():
            self._supervisor.hurry()
        self._stop_asked.set()
        if self._nursery is not None:
            self._nursery.cease()

    def stop(self) -> None:
        """Stop everything that was started, in reverse; harmless when nothing was."""
        self._stop_asked.set()
        with self._announcing:
            self.ready = None
            self.folder.retract()
        if self._errand is not None:
            self._errand.stop()
        self._supervisor.stop()
        if self._nursery is not None:
            self._nursery.close()
        for port in self._ports:
            port.release()
        self.folder.unlock()

    def __enter__(self) -> "Stack":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start(self) -> Ready:
        for name in self.options.handlers:
            require_findable(name)
        port = self._claim_api_port()
        self.folder.lock()
        if self.options.script is None and Nursery.is_possible():
            # Imports are what takes the time: they begin before everything else.
            self._nursery = Nursery(self._base(), self.folder.logs / "nursery.log")
        redis_url = self.options.redis_url or self._start_redis()
        postgres = None if self.options.database_url else self._prepare_postgres()
        database_url = postgres.url if postgres else str(self.options.database_url)
        environment = self._environment(database_url, redis_url)
        postgres_log = self.folder.logs / "postgres.log"
        if postgres is not None:
            postgres.initialise(postgres_log)
            self._supervisor.start(postgres.spec)
        self._supervisor.await_answers(self._stop_asked)
        self._run("migrate", ("db", "migrate"), environment)
        if self.options.auth:
            wanted = ("--name", "haulage up", "--scope", "admin", "--file", self.folder.key_file)
            self._run("keys", ("keys", "create", *map(str, wanted)), environment)
        self._supervisor.start(*self._programs(environment, port))
        if postgres is not None and self.options.durable:
            postgres.sync(postgres_log)
        host = f"[{self.options.host}]" if ":" in self.options.host else self.options.host
        url = f"http://{host}:{port}"
        self._await_ready(HttpProbe(self.options.host, port, "/ready"))
        self._supervisor.await_answers(self._stop_asked)
        key = self.folder.key_file.read_text().strip() if self.options.auth else None
        return self._announce(Ready(url, database_url, redis_url, str(self.folder.path), {}, key))

    def _claim_api_port(self) -> int:
        host = self.options.host
        if not is_loopback(host) and not self.options.auth:
            raise StartFault(
                f"{host} can be reached by other machines.",
                why="Authentication is off, so anybody there could submit jobs.",
                hint="Add `--auth`, or use `--host 127.0.0.1`.",
            )
        if self.options.port is not None:
            port = ports.claim(self.options.port, host=host)
        else:
            port = ports.reserve(DEFAULT_PORT, host=host) or ports.reserve_free(host=host)
        self._ports.append(port)
        return port.number

    def _start_redis(self) -> str:
        port = ports.reserve_free()
        self._ports.append(port)
        redis = Redis.prepare(self.folder.redis, port=port.number)
        self._supervisor.start(redis.spec)
        return redis.url

    def _prepare_postgres(self) -> Postgres:
        port = ports.reserve_free()
        self._ports.append(port)
        return Postgres.prepare(
            self.folder.postgres,
            port=port.number,
            durable=self.options.durable,
        )

    def _base(self) -> dict[str, str]:
        """The environment of an interpreter; what Haulage reads in it comes later."""
        return {
            **environment(),
            **self.options.environment,
            "PYTHONUNBUFFERED": "1",
            "TYPER_STANDARD_TRACEBACK": "1",  # no boxes in logs
        }

    def _environment(self, database_url: str, redis_url: str) -> dict[str, str]:
        given = self._base()
        ours = {
            "HAULAGE_DATABASE_URL": database_url,
            "HAULAGE_REDIS_URL": redis_url,
            "HAULAGE_DATA": str(self.folder.path),
        }
        if self.options.handlers:
            ours["HAULAGE_HANDLERS"] = ",".join(self.options.handlers)
        if self.options.auth:
            ours["HAULAGE_AUTH_ENABLED"] = "true"
        given.setdefault("HAULAGE_BLOB_URL", str(self.folder.blobs))
        given.setdefault("HAULAGE_WEBHOOKS_KEYS", secret(self.folder.webhooks_key))
        given.setdefault("HAULAGE_ENGINE_SHUTDOWN_S", _SHUTDOWN_S)
        return {**given, **ours}

    def _run(self, name: str, arguments: tuple[str, ...], environment: Mapping[str, str]) -> None:
        """Run a command of ours to its end."""
        spec = self._spec(name, arguments, environment)
        self._errand = errand = Process(spec, self.folder.logs / f"{name}.log")
        while not errand.wait(0.02):
            if self._stop_asked.is_set():
                raise StartInterrupted("stopped while the database was being prepared")
        if errand.exit_code != 0:
            raise died(errand)

    def _spec(
        self, name: str, arguments: tuple[str, ...], environment: Mapping[str, str]
    ) -> ProcessSpec:
        """One of Haulage's own processes: born by the nursery where there is one."""
        script, nursery = self.options.script, self._nursery
        program = (str(script),) if script else ("-m", "haulage")
        return ProcessSpec(
            name,
            (sys.executable, *program, *arguments),
            env=environment,
            bear=partial(nursery.bear, arguments) if nursery else None,
        )

    def _programs(self, environment: Mapping[str, str], port: int) -> list[ProcessSpec]:
        options = self.options
        try:
            patience_s = float(environment["HAULAGE_ENGINE_SHUTDOWN_S"]) + 5
        except ValueError:
            patience_s = 10.0  # the programs themselves will say what is wrong with it
        cpu_processes = options.cpu_processes or max(2, min(_cores(), 4))
        programs = {
            "api": ("api", "--host", options.host, "--port", str(port)),
            "worker-io": ("worker", "--pool", "io", "--concurrency", str(options.io_concurrency)),
            "worker-cpu": ("worker", "--pool", "cpu", "--concurrency", str(cpu_processes)),
            "dispatcher": ("dispatcher",),
        }
        if names_source(environment):
            programs["poller"] = ("poller",)
        health = HttpProbe(options.host, port, "/health")
        return [
            replace(
                self._spec(name, arguments, environment),
                stop=(StopStep(signal.SIGTERM, patience_s),),
                ready=health if name == "api" else None,
                ready_timeout_s=_READY_WITHIN_S,
            )
            for name, arguments in programs.items()
        ]

    def _await_ready(self, probe: HttpProbe) -> None:
        deadline = time.monotonic() + _READY_WITHIN_S
        while True:
            status, body = probe.ask()
            if status == 200:
                return
            self._supervisor.check()
            if time.monotonic() > deadline:
                raise StartFault(
                    f"Not everything answered within {_READY_WITHIN_S} s.",
                    why=f"GET /ready answers {status or 'nothing'}: {body}",
                    hint=f"Look at the logs in {self.folder.logs}.",
                )
            if self._stop_asked.wait(0.05):
                raise StartInterrupted("stopped before everything answered")

    def _heard(self, event: Event) -> None:
        self._on_event(event)
        if isinstance(event, Answering | Died) and self.ready is not None:
            self._announce(self.ready)  # a process is missing, or has a new pid

    def _announce(self, ready: Ready) -> Ready:
        with self._announcing:
            ready = replace(ready, processes=self._supervisor.pids())
            if not self._stop_asked.is_set():  # a stop has retracted it for good
                self.ready = ready
                self.folder.announce(ready)
            return ready


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
