"""The production topology as plain processes on this machine.

nginx before three API servers, two workers of each pool, two dispatchers, PostgreSQL, a Redis that
keeps its messages, Flower, Prometheus, and somebody who takes the traces. Callers need a key, as in
production. What is killed is started again at once, as systemd or a container's restart policy do;
what is `held` stays away until it is let go.
"""

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from chaos.system import CPU_WORKERS, IO_WORKERS, System
from haulage.runtime import ports
from haulage.runtime.datafolder import Ready
from haulage.runtime.http_probe import HttpProbe
from haulage.runtime.postgres import Postgres
from haulage.runtime.process import ProcessSpec
from haulage.runtime.redis import Redis
from haulage.runtime.stack import Stack, StackOptions
from haulage.runtime.supervisor import Event
from scenarios import edge, pooler, watchers

API_SERVERS = ("api", "api-2", "api-3")
DISPATCHERS = ("dispatcher", "dispatcher-2")
HOST = "127.0.0.1"
# Waits for as long as a file is there, then becomes the program.
_GATE = 'while [ -e "$0" ]; do sleep 0.05; done; exec "$@"'
_HELD_AT_MOST_S = 600
# As a server that has replicas and backups writes it; the embedded one writes less.
_WAL = ("-c", "wal_level=replica", "-c", "max_wal_senders=10")


@dataclass(frozen=True)
class Addresses:
    """Where everything answers."""

    edge: str
    apis: tuple[str, ...]
    flower: str
    prometheus: str


class ProductionStack(Stack):
    """`haulage up`, grown to what deploy/ runs in production."""

    def __init__(
        self,
        options: StackOptions,
        on_event: Callable[[Event], None] = lambda _: None,
        *,
        pooled: bool = False,
    ) -> None:
        """`pooled` puts PgBouncer between the processes and PostgreSQL."""
        environment = {"HAULAGE_API_TRUSTED_PROXIES": f"{HOST}/32", **options.environment}
        super().__init__(replace(options, auth=True, environment=environment), on_event)
        self.gates = self.folder.path / "held"
        self._targets: dict[str, int] = {}
        self._api_ports: dict[str, int] = {}
        self._others = {name: self._free_port() for name in ("nginx", "flower", "prometheus")}
        self._pooler_port = self._free_port() if pooled else None
        self._environ: Mapping[str, str] = {}

    @property
    def addresses(self) -> Addresses:
        """Once it has started."""
        url = {name: f"http://{HOST}:{port}" for name, port in self._others.items()}
        apis = tuple(f"http://{HOST}:{port}" for port in self._api_ports.values())
        return Addresses(url["nginx"], apis, url["flower"], url["prometheus"])

    def _start(self) -> Ready:
        ready = super()._start()
        self._supervisor.start(*self._edge())
        self._supervisor.await_answers(self._stop_asked)
        return self._announce(ready)

    def _start_redis(self) -> str:
        self.gates.mkdir(mode=0o700, exist_ok=True)
        redis = Redis.prepare(self.folder.redis, port=self._free_port(), durable=True)
        self._supervisor.start(self._gated(redis.spec))
        return redis.url

    def _prepare_postgres(self) -> Postgres:
        postgres = super()._prepare_postgres()
        if self._pooler_port is not None:
            folder = self.folder.path / "pgbouncer"
            self._supervisor.start(pooler.pgbouncer(folder, self._pooler_port, postgres.url))
        return replace(postgres, spec=replace(postgres.spec, argv=(*postgres.spec.argv, *_WAL)))

    def _environment(self, database_url: str, redis_url: str) -> dict[str, str]:
        given = super()._environment(database_url, redis_url)
        if self._pooler_port is None:
            return given
        return {
            **given,
            "HAULAGE_DATABASE_URL": pooler.url(database_url, self._pooler_port),
            "HAULAGE_DATABASE_DIRECT_URL": database_url,
        }

    def _programs(self, environment: Mapping[str, str], port: int) -> list[ProcessSpec]:
        self._environ = environment
        programs = {one.name: one for one in super()._programs(environment, port)}
        self._api_ports = dict.fromkeys(API_SERVERS, port)
        for name in API_SERVERS[1:]:
            self._api_ports[name] = self._free_port()
        made = []
        for name, its_port in self._api_ports.items():
            words = ("api", "--host", HOST, "--port", str(its_port))
            spec = self._spec(name, words, environment)
            health = HttpProbe(HOST, its_port, "/health")
            made.append(replace(programs["api"], name=name, argv=spec.argv, bear=spec.bear))
            made[-1] = replace(made[-1], ready=health)
        for name in (*IO_WORKERS, *CPU_WORKERS, *DISPATCHERS):
            self._targets[name] = self._free_port()
            its_own = {**environment, "HAULAGE_METRICS_PORT": str(self._targets[name])}
            health = HttpProbe(HOST, self._targets[name], "/health")
            kind = programs[name.removesuffix("-2")]
            made.append(replace(kind, name=name, env=its_own, ready=health))
        return made

    def _edge(self) -> list[ProcessSpec]:
        folder = self.folder.path
        targets = {**self._api_ports, **self._targets}
        return [
            self._gated(
                edge.nginx(folder / "nginx", self._others["nginx"], list(self._api_ports.values()))
            ),
            watchers.flower(self._others["flower"], self._environ),
            watchers.prometheus(
                folder / "prometheus", self._others["prometheus"], targets, self.folder.key_file
            ),
        ]

    def _gated(self, spec: ProcessSpec) -> ProcessSpec:
        argv = ("/bin/sh", "-c", _GATE, str(self.gates / spec.name), *spec.argv)
        return replace(spec, argv=argv, ready_timeout_s=_HELD_AT_MOST_S)

    def _free_port(self) -> int:
        port = ports.reserve_free()
        self._ports.append(port)
        return port.number


class Topology(System):
    """A production stack that faults can strike."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str], *, pooled: bool = False
    ) -> None:
        def build(options: StackOptions) -> ProductionStack:
            given = {**options.environment, **environment}
            return ProductionStack(replace(options, environment=given), pooled=pooled)

        super().__init__(folder, build)

    @property
    def addresses(self) -> Addresses:
        """Where everything answers."""
        return self._production.addresses

    @property
    def redis_folder(self) -> Path:
        """Where Redis keeps its messages."""
        return self._production.folder.redis

    @property
    def edge_log(self) -> Path:
        """What nginx writes of each request."""
        return self._production.folder.path / "nginx" / "access.log"

    def hold(self, name: str) -> None:
        """`kill -9` of nginx or Redis, which then stays away."""
        (self._production.gates / name).touch()
        self.kill(name)

    def kill(self, name: str) -> None:
        """`kill -9`; it is started again at once."""
        pid = self.pid(name)
        if pid is not None:
            self.send(pid, signal.SIGKILL)

    def let_go(self, name: str) -> None:
        """Have what was held start again."""
        (self._production.gates / name).unlink(missing_ok=True)

    @property
    def _production(self) -> ProductionStack:
        assert isinstance(self._stack, ProductionStack)
        return self._stack
