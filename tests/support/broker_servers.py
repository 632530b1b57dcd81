"""Real servers from Debian's packages, each in a folder of its own on free loopback ports.

They are children of this process and end with it; nothing of the system's own services is touched.
"""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from haulage.runtime import ports
from haulage.runtime.process import Process, ProcessSpec, StopStep, await_ready

REDIS = Path("/usr/bin/redis-server")
RABBIT = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
EPMD = Path("/usr/bin/epmd")
# Set by `tests/run.py` where the packages are there.
CHOSEN = "HAULAGE_TEST_BROKERS"
IN_A_GROUP_OF_THEIR_OWN = [
    pytest.mark.e2e,
    pytest.mark.skipif(not os.environ.get(CHOSEN), reason=f"{CHOSEN} is not set"),
]
PASSWORD = "with:colon/and@at"
URL_PASSWORD = "with%3Acolon%2Fand%40at"


def free_port() -> int:
    with ports.claim(None) as held:
        return held.number


@contextmanager
def running(spec: ProcessSpec, log: Path) -> Iterator[Process]:
    process = Process(spec, log)
    try:
        await_ready(process)
        yield process
    finally:
        process.stop()


@contextmanager
def redis_server(
    folder: Path, name: str, configuration: str, *, port: int, sentinel: bool = False
) -> Iterator[Process]:
    """A Redis or a Sentinel; ready when it takes connections."""
    file = folder / f"{name}.conf"
    file.write_text(f'bind 127.0.0.1\ndaemonize no\ndir "{folder}"\n{configuration}\n')
    argv = (str(REDIS), str(file), *(("--sentinel",) if sentinel else ()))
    spec = ProcessSpec(
        name=name,
        argv=argv,
        cwd=folder,
        stop=(StopStep(signal.SIGTERM, 5),),
        ready=lambda: listens(port),
        ready_timeout_s=20,
    )
    with running(spec, folder / f"{name}.log") as process:
        yield process


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


# ── Certificates ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Certificates:
    """An authority of our own, and what it signed for 127.0.0.1."""

    folder: Path

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def cert(self) -> Path:
        return self.folder / "server.pem"

    @property
    def key(self) -> Path:
        return self.folder / "server.key"

    @property
    def query(self) -> str:
        """What a URL needs to be let in and to be sure."""
        return f"ssl_ca_certs={self.ca}&ssl_certfile={self.cert}&ssl_keyfile={self.key}"


def make_certificates(folder: Path) -> Certificates:
    new_key = "req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
    openssl(folder, f"{new_key} -x509 -days 2 -subj /CN=test -keyout ca.key -out ca.pem")
    openssl(folder, f"{new_key} -subj /CN=127.0.0.1 -keyout server.key -out server.csr")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    signed_by = "-CA ca.pem -CAkey ca.key -CAcreateserial -days 2"
    openssl(folder, f"x509 -req -in server.csr {signed_by} -extfile names -out server.pem")
    return Certificates(folder)


def openssl(folder: Path, arguments: str) -> None:
    subprocess.run(["openssl", *arguments.split()], cwd=folder, check=True, capture_output=True)


# ── Sentinel ─────────────────────────────────────────────────────────────────────────────────


@dataclass
class Watched:
    """A master, its replica and three Sentinels."""

    url: str
    servers: dict[int, Process]
    sentinels: list[int]

    def master(self) -> int:
        """The port of the master, as the first Sentinel sees it."""
        with redis.Redis(port=self.sentinels[0], password=PASSWORD) as sentinel:
            return int(sentinel.sentinel_get_master_addr_by_name("haul")[1])  # type: ignore[union-attr,index,arg-type]

    def agreed(self) -> bool:
        """Whether each Sentinel knows the others and a replica that is up to date."""
        for port in self.sentinels:
            with redis.Redis(port=port, password=PASSWORD, decode_responses=True) as sentinel:
                seen = sentinel.sentinel_master("haul")
                replicas = sentinel.sentinel_slaves("haul")
            follows = [one for one in replicas if follows_its_master(one)]
            if seen["num-other-sentinels"] < 2 or not follows:
                return False
        return True


def follows_its_master(replica: dict) -> bool:
    down = replica["is_sdown"] or replica["is_odown"] or replica["is_disconnected"]
    return replica["master-link-status"] == "ok" and not down


@contextmanager
def watched(folder: Path) -> Iterator[Watched]:
    first, second, *sentinels = (free_port() for _ in range(5))
    common = f"requirepass {PASSWORD}\nmasterauth {PASSWORD}\nsave ''\nrepl-diskless-sync-delay 0"
    with (
        redis_server(folder, "one", f"port {first}\n{common}", port=first) as one,
        redis_server(
            folder,
            "two",
            f"port {second}\n{common}\nreplicaof 127.0.0.1 {first}",
            port=second,
        ) as two,
        sentinel_server(folder, sentinels[0], first),
        sentinel_server(folder, sentinels[1], first),
        sentinel_server(folder, sentinels[2], first),
    ):
        hosts = ",".join(f"127.0.0.1:{port}" for port in sentinels)
        yield Watched(
            f"sentinel://:{URL_PASSWORD}@{hosts}/1?service=haul&sentinel_password={URL_PASSWORD}",
            {first: one, second: two},
            sentinels,
        )


def sentinel_server(folder: Path, port: int, master: int):
    return redis_server(
        folder,
        f"sentinel-{port}",
        f"port {port}\nrequirepass {PASSWORD}\nsentinel sentinel-pass {PASSWORD}\n"
        f"sentinel monitor haul 127.0.0.1 {master} 2\nsentinel auth-pass haul {PASSWORD}\n"
        "sentinel down-after-milliseconds haul 1000\nsentinel failover-timeout haul 3000",
        port=port,
        sentinel=True,
    )


# ── RabbitMQ ─────────────────────────────────────────────────────────────────────────────────


@dataclass
class Rabbit:
    """A RabbitMQ node that may be killed and started again on what it wrote."""

    url: str
    port: int
    tls_port: int
    spec: ProcessSpec
    log: Path
    environment: dict[str, str]
    process: Process

    def start_again(self) -> None:
        self.process = Process(self.spec, self.log)
        await_ready(self.process)

    def ctl(self, *arguments: str) -> str:
        done = subprocess.run(
            [str(RABBIT.parent / "rabbitmqctl"), "--quiet", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout


@contextmanager
def rabbit(folder: Path, certificates: Certificates, *, more: str = "") -> Iterator[Rabbit]:
    """Ready when it takes AMQP connections. Its epmd is ours too, and ends after it."""
    port, tls_port, dist, epmd = (free_port() for _ in range(4))
    (folder / "rabbitmq.conf").write_text(
        f"listeners.tcp.local = 127.0.0.1:{port}\n"
        f"listeners.ssl.local = 127.0.0.1:{tls_port}\n"
        f"ssl_options.cacertfile = {certificates.ca}\n"
        f"ssl_options.certfile = {certificates.cert}\n"
        f"ssl_options.keyfile = {certificates.key}\n"
        "ssl_options.verify = verify_peer\n"
        "ssl_options.fail_if_no_peer_cert = true\n"
        "default_user = test\n"
        f"default_pass = {PASSWORD}\n"
        "disk_free_limit.absolute = 10MB\n"
        f"{more}\n"
    )
    (folder / "plugins").write_text("[].\n")
    environment = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": str(folder),
        "ERL_EPMD_PORT": str(epmd),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": f"test{port}@localhost",
        "RABBITMQ_DIST_PORT": str(dist),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_PID_FILE": str(folder / "pid"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq"),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 -kernel inet_dist_use_interface {127,0,0,1}",
        # Erlang in the place of the shell that starts it, so that a signal reaches it.
        "RUNNING_UNDER_SYSTEMD": "true",
    }
    mapper = ProcessSpec(
        name="epmd",
        argv=(str(EPMD), "-port", str(epmd), "-address", "127.0.0.1"),
        env=environment,
        ready=lambda: listens(epmd),
    )
    spec = ProcessSpec(
        name="rabbitmq",
        argv=(str(RABBIT),),
        env=environment,
        cwd=folder,
        stop=(StopStep(signal.SIGTERM, 20),),
        ready=lambda: listens(port) and listens(tls_port),
        ready_timeout_s=60,
    )
    with running(mapper, folder / "epmd.log"):
        process = Process(spec, folder / "rabbitmq.log")
        url = f"amqp://test:{URL_PASSWORD}@127.0.0.1:{port}/"
        made = Rabbit(url, port, tls_port, spec, folder / "rabbitmq.log", environment, process)
        try:
            await_ready(process)
            yield made
        finally:
            made.process.stop()
