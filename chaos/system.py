"""The system under attack: a whole stack of its own, who its processes are, what its tables say.

Two workers of each pool and two dispatchers, as an installation that cares would have: a frozen
worker's jobs then really run somewhere else while it sleeps, and the lead really changes hands.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg

from haulage.runtime.datafolder import Ready
from haulage.runtime.process import ProcessSpec, children_of
from haulage.runtime.stack import Stack, StackOptions

ROOT = Path(__file__).resolve().parents[1]
DOUBLED = ("worker-io", "worker-cpu", "dispatcher")
IO_WORKERS = ("worker-io", "worker-io-2")
CPU_WORKERS = ("worker-cpu", "worker-cpu-2")
CPU_PROCESSES = 3


class DoubledStack(Stack):
    """`haulage up` with a second worker of each pool and a second dispatcher."""

    def _programs(self, environment: Mapping[str, str], port: int) -> list[ProcessSpec]:
        programs = super()._programs(environment, port)
        seconds = [
            replace(spec, name=f"{spec.name}-2") for spec in programs if spec.name in DOUBLED
        ]
        return [*programs, *seconds]


class System:
    """Starts and stops the stack in `folder`; every pid it names belongs to that stack."""

    def __init__(self, folder: Path, build: Callable[[StackOptions], Stack] = DoubledStack) -> None:
        self.ledger = folder / "ledger.jsonl"
        self._stack = build(
            StackOptions(
                data=folder / "data",
                cpu_processes=CPU_PROCESSES,
                handlers=("chaos.crew",),
                environment={
                    "HAULAGE_HANDLER_CHAOS_LEDGER": str(self.ledger),
                    "PYTHONPATH": str(ROOT),
                },
            )
        )
        self.frozen: set[int] = set()
        self._connection: psycopg.AsyncConnection[Any] | None = None

    @property
    def ready(self) -> Ready:
        """Where everything answers."""
        assert self._stack.ready is not None
        return self._stack.ready

    @property
    def logs(self) -> Path:
        """The folder of the processes' logs."""
        return self._stack.folder.logs

    async def start(self) -> None:
        """Return when everything answers; raises StartFault."""
        await asyncio.to_thread(self._stack.start)

    async def stop(self) -> None:
        """Thaw what is frozen and stop everything."""
        for pid in list(self.frozen):
            self.send(pid, signal.SIGCONT)
        if self._connection is not None:
            await self._connection.close()
        await asyncio.to_thread(self._stack.stop)

    def pid(self, name: str) -> int | None:
        """The process called `name`, as in `Ready.processes`; None while it is down."""
        found = self.ready.processes.get(name)
        return found[0] if found else None

    def children(self, name: str) -> list[int]:
        """The children of the process called `name` now."""
        pid = self.pid(name)
        return [] if pid is None else children_of(pid)

    def send(self, pid: int, number: signal.Signals) -> None:
        """Signal one of our processes; one that is gone already is no fault."""
        if number == signal.SIGSTOP:
            self.frozen.add(pid)
        elif number == signal.SIGCONT:
            self.frozen.discard(pid)
        with suppress(ProcessLookupError):
            os.kill(pid, number)

    async def query(self, statement: str, *values: object, patience_s: float = 30.0) -> list[Any]:
        """All rows; waits for a PostgreSQL that is being restarted."""
        deadline = asyncio.get_running_loop().time() + patience_s
        while True:
            try:
                if self._connection is None:
                    self._connection = await psycopg.AsyncConnection.connect(
                        self.ready.database_url,
                        autocommit=True,
                        application_name="chaos",
                        connect_timeout=5,
                    )
                cursor = await self._connection.execute(statement, values)
                return await cursor.fetchall() if cursor.description else []
            except psycopg.OperationalError:
                if self._connection is not None:
                    await self._connection.close()
                    self._connection = None
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(0.05)
