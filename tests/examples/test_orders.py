"""Two shops, with Django and with FastAPI, beside a running system: an order is stored with its
job or not at all."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from live_system import System, until

from haulage.client.sse import Parser
from haulage.runtime import ports
from tests.examples.conftest import EXAMPLES, environment, run

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("examples")]

ORDERS = EXAMPLES / "orders"


@contextmanager
def serving(system: System, *command: str, port: int, log: Path) -> Iterator[httpx.Client]:
    with log.open("w") as written:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ORDERS,
            env=environment(system),
            stdout=written,
            stderr=written,
        )
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as shop:
        try:
            until(lambda: process.poll() is not None or answers(shop))
            yield shop
        finally:
            process.terminate()
            process.wait(20)
            sys.stderr.write(log.read_text())


def answers(shop: httpx.Client) -> bool:
    try:
        return bool(shop.get("/orders").status_code)
    except httpx.TransportError:
        return False


@pytest.fixture
def port() -> Iterator[int]:
    with ports.reserve_free() as found:
        yield found.number


def test_a_django_shop_places_orders(system: System, port: int, tmp_path: Path) -> None:
    run(system, "manage.py", "migrate", folder=ORDERS)
    serve = ("manage.py", "runserver", "--noreload", "--skip-checks", f"127.0.0.1:{port}")
    with serving(system, *serve, port=port, log=tmp_path / "log") as shop:
        assert_places_orders(system, shop, table="shop_order")


def test_a_fastapi_shop_places_orders_and_shows_their_progress(
    system: System, port: int, tmp_path: Path
) -> None:
    serve = ("-m", "uvicorn", "shop_fastapi:app", "--port", str(port))
    with serving(system, *serve, port=port, log=tmp_path / "log") as shop:
        job_id = assert_places_orders(system, shop, table="shop_orders")
        assert "EventSource" in shop.get("/").text
        told = list(Parser().feed(shop.get(f"/jobs/{job_id}/progress").content))
        assert [event.id for event in told] == list(range(1, len(told) + 1))
        assert told[-1].is_terminal
        rest = shop.get(f"/jobs/{job_id}/progress", headers={"Last-Event-ID": str(told[-2].id)})
        assert [event.id for event in Parser().feed(rest.content)] == [told[-1].id]


def assert_places_orders(system: System, shop: httpx.Client, *, table: str) -> str:
    placed = shop.post("/orders", json={"article": "teapot"})
    assert placed.status_code == 201, placed.text
    job = system.until_ended(placed.json()["job"])
    assert job.result == f"2026-{placed.json()['order']:05}: one teapot"
    jobs_before = system.query("SELECT count(*) FROM jobs")
    refused = shop.post("/orders", json={"article": "unicorn"})
    assert refused.status_code == 409
    assert system.query(f"SELECT article FROM {table}") == [("teapot",)]
    assert system.query("SELECT count(*) FROM jobs") == jobs_before
    return str(job.id)
