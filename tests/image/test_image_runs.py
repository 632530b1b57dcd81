"""The built image, run as compose.production.yaml says: `make image`."""

import os
import re
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_urlsafe

import pytest
from first_jobs import run_first_jobs
from live_system import until

from bench.task_api import CLIENT_ID, CLIENT_SECRET, task_api
from haulage.client import Client
from haulage.runtime import ports
from haulage.runtime.http_probe import HttpProbe
from tools.containers import Container, engine, image

pytestmark = pytest.mark.skipif(
    "HAULAGE_TEST_IMAGE" not in os.environ, reason="`make image` runs them"
)


@dataclass
class Ship:
    """Who runs, by service, and a client of the API with a key of its own."""

    secrets: Path
    blobs: str
    opened: ExitStack
    running: dict[str, Container] = field(default_factory=dict)

    def start(self, service: str, *command: str, **environment: str) -> Container:
        port = self.opened.enter_context(ports.claim()).number
        words = [str(port) if word == "{port}" else word for word in command]
        container = Container(
            service,
            secrets=self.secrets,
            blobs=self.blobs,
            port=port,
            command=words or None,
            environment=environment,
        )
        self.running[service] = self.opened.enter_context(container)
        return container

    @property
    def client(self) -> Client:
        key = (self.secrets / "key").read_text().strip()
        return Client(f"http://127.0.0.1:{self.running['api-1'].port}", api_key=key)


@pytest.fixture
def ship(tmp_path: Path, database_url: str, redis_url: str) -> Iterator[Ship]:
    for name, text in (
        ("database_url", database_url),
        ("redis_url", redis_url),
        ("webhooks_keys", token_urlsafe(32)),
    ):
        (tmp_path / name).write_text(f"{text}\n")
        (tmp_path / name).chmod(0o444)
    blobs = f"haulage-trial-{uuid.uuid4().hex[:8]}"
    with ExitStack() as opened:
        opened.callback(engine, "volume", "rm", "--force", blobs)
        yield Ship(tmp_path, blobs, opened)


def test_it_names_a_user_a_health_check_and_its_ports():
    config = image(os.environ["HAULAGE_TEST_IMAGE"])["Config"]

    assert config["User"] == "10001:10001"
    assert set(config["ExposedPorts"]) == {"8700/tcp", "9100/tcp"}
    assert config["Entrypoint"] == ["haulage"]


def test_nothing_but_tmp_and_the_blobs_can_be_written_by_a_user_without_rights(ship: Ship):
    held = ship.start("dispatcher")

    status = held.exec("cat", "/proc/self/status").stdout
    assert held.exec("id", "-u").stdout.strip() == "10001"
    assert "CapBnd:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    for folder in ("/", "/opt/haulage", "/var/lib/haulage", "/run/secrets"):
        assert held.exec("touch", f"{folder}/tried").returncode == 1, folder
    for folder in ("/tmp", "/var/lib/haulage/blobs"):
        assert held.exec("touch", f"{folder}/tried").returncode == 0, folder


def test_jobs_of_both_pools_run_documents_are_read_and_sigterm_lets_what_runs_end(ship: Ship):
    made = ship.start("api-1", "api", "--host", "127.0.0.1", "--port", "{port}")
    key = made.exec("haulage", "keys", "create", "--name", "trial", "--scope", "admin")
    (ship.secrets / "key").write_text(re.search(r"hlg_\w+", key.stdout)[0])
    ship.start("worker-io")
    ship.start("worker-cpu")
    ship.start("dispatcher")
    until(HttpProbe("127.0.0.1", made.port, "/ready"), within_s=60)
    client = ship.client
    run_first_jobs(client, ship.secrets)
    for service, container in ship.running.items():
        assert container.is_well(), service

    last = client.submit("sleep", {"seconds": 3})
    until(lambda: client.get(last.id).state == "running")
    assert ship.running["worker-io"].stop(within_s=30) == 0
    assert client.get(last.id).state == "succeeded"
    for service in ("worker-cpu", "dispatcher", "api-1"):
        assert ship.running[service].stop(within_s=30) == 0, service
    for service, container in ship.running.items():
        assert "Read-only" not in container.said(), service


def test_the_console_is_in_it(ship: Ship):
    made = ship.start("api-1", "api", "--host", "127.0.0.1", "--port", "{port}")

    until(made.is_well, within_s=60)

    status, page = HttpProbe("127.0.0.1", made.port, "/").ask()
    assert status == 200
    assert "/assets/" in page


def test_the_poller_answers_where_its_health_check_asks(ship: Ship):
    with task_api() as tasks:
        poller = ship.start(
            "poller",
            API_BASE_URL=tasks.url,
            OAUTH2_TOKEN_URL=f"{tasks.url}/oauth2/token",
            OAUTH2_CLIENT_ID=CLIENT_ID,
            OAUTH2_CLIENT_SECRET=CLIENT_SECRET,
            HAULAGE_PROVIDERS_NETWORK="loopback",
        )
        until(poller.is_well, within_s=60)

        assert poller.stop(within_s=30) == 0


def test_scans_are_read_in_the_languages_that_it_was_built_with():
    said = engine(
        *("run", "--rm", "--network", "none", "--entrypoint", "python"),
        *(os.environ["HAULAGE_TEST_IMAGE"], "-c"),
        "from haulage.documents.tesseract import tesseract_languages as found; print(*found())",
    )

    assert {"eng", "fra", "ita"} <= set(said.stdout.split())


@pytest.mark.parametrize("absent", ["node", "npm", "gcc", "git", "pip", "hatch"])
def test_what_only_builds_is_not_in_it(absent: str):
    found = engine(
        *("run", "--rm", "--network", "none", "--entrypoint", "sh"),
        *(os.environ["HAULAGE_TEST_IMAGE"], "-c", f"command -v {absent}"),
        check=False,
    )

    assert found.returncode == 127 or not found.stdout.strip()
