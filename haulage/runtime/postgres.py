"""An embedded PostgreSQL: loopback, a password, durable unless told otherwise, also under root.

Thin code over `initdb` and `postgres`. A folder holds `cluster/` (what initdb made; it appears
whole or not at all), and `password`. The folder's caller sees to it that nobody else uses it.
"""

import os
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from haulage.runtime import ports
from haulage.runtime.fault import StartFault
from haulage.runtime.files import secret, write_private
from haulage.runtime.identity import give
from haulage.runtime.postgres_binaries import PostgresBinaries, find_postgres
from haulage.runtime.process import Process, ProcessSpec, StopStep, await_ready

NAME = "haulage"  # of the database and of its owner

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a socket's path may have 107 bytes, a data folder's more
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",  # compiles for longer than our short statements run
    # One machine, no replicas: less to log, and checkpoints far apart.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "log_checkpoints": "off",
}
_UNSYNCED = "unsynced"  # a file that lies beside a new cluster until it is on the disk
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
# An orphan got its fast shutdown from the kernel when its supervisor died; first just wait.
_ORPHAN_STEPS = (None, signal.SIGINT, signal.SIGQUIT)
_ORPHAN_STEP_S = 10


@dataclass(frozen=True)
class Postgres:
    """A PostgreSQL server below `folder`, ready to be started or running."""

    folder: Path
    port: int
    password: str
    binaries: PostgresBinaries
    spec: ProcessSpec

    @property
    def url(self) -> str:
        """`postgresql://haulage:password@127.0.0.1:port/haulage`."""
        return f"postgresql://{NAME}:{self.password}@127.0.0.1:{self.port}/{NAME}"

    @classmethod
    def prepare(
        cls,
        folder: Path,
        *,
        port: int,
        durable: bool = True,
        binaries: Path | None = None,
    ) -> "Postgres":
        """Find the binaries and fix the password; `initialise` has to follow before a start.

        `durable=False` trades safety against a power cut for speed: for tests. Raises StartFault.
        """
        cluster = folder.resolve() / "cluster"
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)  # the server's user passes through
        password = secret(folder / "password")
        found = find_postgres(cluster, folder=binaries)
        settings = {**_SETTINGS, "port": str(port), **({} if durable else _NOT_DURABLE)}
        spec = ProcessSpec(
            name="postgres",
            argv=(
                str(found.folder / "postgres"),
                *("-D", str(cluster)),
                *(part for name, value in settings.items() for part in ("-c", f"{name}={value}")),
            ),
            env=_environment(),
            cwd=Path("/"),
            identity=found.identity,
            death_signal=signal.SIGINT,
            stop=(StopStep(signal.SIGINT, 20), StopStep(signal.SIGQUIT, 5)),
            hurried_stop=(StopStep(signal.SIGQUIT, 5),),
            ready=lambda: _answers(port, password),
            ready_timeout_s=60,
        )
        return cls(folder=folder, port=port, password=password, binaries=found, spec=spec)

    def initialise(self, log: Path) -> None:
        """Make the cluster if there is none, and wait for an orphan of an earlier life to end.

        Takes a second or two the first time. Raises StartFault.
        """
        cluster = self.folder.resolve() / "cluster"
        if not cluster.exists():
            _initialise(cluster, self.binaries, self.password, log)
        _await_orphan(cluster)

    def sync(self, log: Path) -> None:
        """See to it that a new cluster survives a power cut; does nothing the next time.

        May run beside the server, and has to end before anything is promised to anybody.
        """
        if not (self.folder / _UNSYNCED).exists():
            return
        cluster = str(self.folder.resolve() / "cluster")
        command = (str(self.binaries.folder / "initdb"), "--sync-only", "--pgdata", cluster)
        syncing = Process(replace(self.spec, name="initdb", argv=command), log)
        syncing.wait()
        if syncing.exit_code == 0:
            (self.folder / _UNSYNCED).unlink()

    @classmethod
    @contextmanager
    def start(
        cls,
        folder: Path,
        *,
        port: int | None = None,
        durable: bool = True,
        binaries: Path | None = None,
    ) -> Iterator["Postgres"]:
        """Run one in `folder` until the block ends; its database exists when the block begins.

        Without `port` a free one is taken. Raises StartFault.
        """
        with ports.claim(port) as held:
            postgres = cls.prepare(folder, port=held.number, durable=durable, binaries=binaries)
            postgres.initialise(folder / "postgres.log")
            process = Process(postgres.spec, folder / "postgres.log")
            try:
                await_ready(process)
                if durable:
                    postgres.sync(process.log)
                yield postgres
            finally:
                process.stop()


def _initialise(cluster: Path, binaries: PostgresBinaries, password: str, log: Path) -> None:
    draft = cluster.with_name("cluster.new")
    password_file = cluster.with_name("password.initdb")
    _remove(draft)
    try:
        draft.mkdir(mode=0o700)
        give(draft, binaries.identity)
        write_private(password_file, password)
        give(password_file, binaries.identity)
        spec = ProcessSpec(
            name="initdb",
            argv=(
                str(binaries.folder / "initdb"),
                *("--pgdata", str(draft)),
                *("--username", NAME),
                *("--pwfile", str(password_file)),
                *("--auth", "scram-sha-256"),
                *("--encoding", "UTF8"),
                *_locale(binaries.major),
                "--no-instructions",
                "--no-sync",  # `sync` does it while others start
            ),
            env=_environment(),
            cwd=Path("/"),
            identity=binaries.identity,
        )
        initdb = Process(spec, log)
        if not initdb.wait(60):
            initdb.kill()
        if initdb.exit_code != 0:
            raise StartFault(
                "PostgreSQL could not create its data folder.",
                why=f"initdb ended with code {initdb.exit_code}.",
                hint=f"Its log: {log}",
                log=initdb.tail(),
            )
        (cluster.parent / _UNSYNCED).touch()
        draft.replace(cluster)
    finally:
        password_file.unlink(missing_ok=True)


def _locale(major: int) -> tuple[str, ...]:
    if major >= 17:
        return ("--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8")
    return ("--locale", "C")  # exists everywhere; letters beyond ASCII compare by code point


def _environment() -> Mapping[str, str]:
    # TZ saves initdb its search for the machine's time zone; PG* of the user must not steer us.
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}


def _answers(port: int, password: str) -> bool:
    try:
        with psycopg.connect(
            host="127.0.0.1",
            port=port,
            user=NAME,
            password=password,
            dbname="postgres",
            connect_timeout=2,
            autocommit=True,
        ) as connection:
            query = "SELECT 1 FROM pg_database WHERE datname = %s"
            if connection.execute(query, (NAME,)).fetchone() is None:
                connection.execute(f"CREATE DATABASE {NAME}")
            return True
    except psycopg.Error:
        return False


def _await_orphan(cluster: Path) -> None:
    """Wait for a server that outlived its supervisor, then forget what it left behind.

    Raises StartFault when it does not end even when told to.
    """
    pid_file = cluster / "postmaster.pid"
    for number in _ORPHAN_STEPS:
        orphan = _served_by(cluster, pid_file)
        if orphan is not None and number is not None:
            os.kill(orphan, number)
        deadline = time.monotonic() + _ORPHAN_STEP_S
        while (orphan := _served_by(cluster, pid_file)) is not None and time.monotonic() < deadline:
            time.sleep(0.02)
        if orphan is None:
            # A stale file whose pid now names somebody else would keep PostgreSQL from starting.
            pid_file.unlink(missing_ok=True)
            return
    raise StartFault(
        f"An earlier PostgreSQL (pid {orphan}) still serves this data folder.",
        why="Its supervisor was killed, and it did not end when asked to.",
        hint=f"Stop it with `kill -QUIT {orphan}`, then start again.",
    )


def _served_by(cluster: Path, pid_file: Path) -> int | None:
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
        os.kill(pid, 0)
    except (FileNotFoundError, ValueError, ProcessLookupError, PermissionError):
        return None  # PermissionError: another user's process, so not our server
    with suppress(OSError):  # no /proc: the pid has to do
        # A postmaster works in its cluster; anybody else got the pid after its death.
        return pid if Path(f"/proc/{pid}/cwd").resolve(strict=True) == cluster else None
    return pid


def _remove(folder: Path) -> None:
    """Remove a half-made cluster, whose writers were killed but may take a moment to be gone."""
    deadline = time.monotonic() + 5
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=time.monotonic() < deadline)
