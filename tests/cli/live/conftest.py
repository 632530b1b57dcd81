"""The command line against the real API on a real port; stores move the jobs, not workers."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from haulage.cli.main import app
from haulage.engine.services import Services
from haulage.settings import Settings
from tests.api import conftest as real
from tests.api.live import Live, listening

registry = real.registry
settings = real.settings
worker = real.worker
Haulage = Callable[..., Awaitable[Result]]


@pytest.fixture
async def live(
    services: Services, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> AsyncIterator[Live]:
    # Logs of the API would go to the standard output that is the command's for now.
    with capture_logs():
        async with real.running_api(settings, services) as api, listening(api) as live:
            monkeypatch.delenv("HAULAGE_API_KEY", raising=False)
            monkeypatch.setenv("HAULAGE_URL", str(live.http.base_url).rstrip("/"))
            monkeypatch.setenv("HAULAGE_DATA", str(tmp_path / "data"))
            yield live


@pytest.fixture
def haulage(live: Live) -> Haulage:
    """Run a command line, while the API's loop goes on; exits with `exits`."""

    async def haulage(*arguments: str, exits: int = 0, stdin: str | None = None) -> Result:
        done = await asyncio.to_thread(CliRunner().invoke, app, list(arguments), input=stdin)
        assert done.exit_code == exits, f"{done.stdout}\n{done.stderr}\n{done.exception!r}"
        return done

    return haulage


def read_lines(done: Result) -> list[Any]:
    """What `-o json` printed."""
    return [json.loads(line) for line in done.stdout.splitlines()]
