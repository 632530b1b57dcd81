"""A process without an HTTP API says how it is, where its settings say where."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from live_system import System, free_port, until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("system")]


def test_a_dispatcher_that_stands_by_is_well_and_ready(system: System, tmp_path: Path) -> None:
    port = free_port()
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("HAULAGE_")}
    env = {
        **inherited,
        "HAULAGE_DATABASE_URL": system.ready["database_url"],
        "HAULAGE_REDIS_URL": system.ready["redis_url"],
        "HAULAGE_BLOB_URL": str(Path(system.ready["data"]) / "blobs"),
        "HAULAGE_METRICS_PORT": str(port),
    }

    def ask(path: str) -> tuple[int, Any]:
        try:
            answer = httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False)
        except httpx.TransportError:
            return 0, None
        return answer.status_code, answer.json()

    words = [sys.executable, "-m", "haulage", "dispatcher"]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(words, env=env, stderr=log)
    try:
        until(lambda: ask("/health")[0] == 200)
        # The system's own one leads.
        assert ask("/health")[1] == {"status": "ok", "service": "dispatcher", "leads": False}
        assert ask("/ready") == (200, {"status": "ready", "service": "dispatcher", "failing": []})
    finally:
        process.terminate()
        assert process.wait(20) == 0
