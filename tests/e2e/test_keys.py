"""`haulage up --auth`: one key from the ready line opens everything, nothing else does."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from live_system import Up

from haulage.client import ApiError, Client

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("keys")]


def test_the_key_of_the_ready_line_opens_what_is_closed_without(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Up(data, tmp_path / "up.log", HAULAGE_AUTH_ENABLED="true") as system:
        url, key = system.ready["url"], system.ready["key"]
        assert httpx.get(f"{url}/api/v1/jobs", trust_env=False).status_code == 401
        with Client(url, api_key="hlg_nonsense") as client, pytest.raises(ApiError, match="401"):
            client.queues()
        with Client(url, api_key=key) as client:
            job = client.wait(client.submit("echo", {"value": "hello"}).id, timeout_s=30)
            assert job.state == "succeeded"
            assert [event.event for event in client.stream(job.id)]
        # Beside a running installation the command line finds its key by itself.
        ours = {
            name: value for name, value in os.environ.items() if not name.startswith("HAULAGE_")
        }
        listed = subprocess.run(
            [sys.executable, "-m", "haulage", "jobs", "list", "-o", "json"],
            env={**ours, "HAULAGE_DATA": str(data)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert str(job.id) in listed.stdout
    for log in (data / "logs").iterdir():
        assert key not in log.read_text(), f"the key stands in {log.name}"
