"""What a process that has no HTTP API answers."""

import asyncio
import json
import socket
import threading
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from haulage.telemetry import metrics, scrape
from haulage.telemetry.scrape import Standing

WELL = Standing(True, {"status": "ok"})


def free_port() -> int:
    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        return int(some.getsockname()[1])


def served(health: scrape.Question, ready: scrape.Question = lambda: WELL) -> str:
    port = scrape.serve("127.0.0.1", free_port(), service="test", health=health, ready=ready)
    return f"http://127.0.0.1:{port}"


def asked(url: str) -> tuple[int, dict[str, object]]:
    try:
        with urlopen(url) as answer:
            return answer.status, json.loads(answer.read())
    except HTTPError as refusal:
        return refusal.code, json.loads(refusal.read())


def test_two_processes_of_one_setting_take_one_port_each() -> None:
    metrics.BREAKER_STATE.labels(service="scraped").set(1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        found = scrape.serve(
            "127.0.0.1", port, service="t", health=lambda: WELL, ready=lambda: WELL
        )
    assert port < found < port + scrape.PORTS
    with urlopen(f"http://127.0.0.1:{found}/metrics") as answer:
        text = answer.read().decode()
    assert 'circuit_breaker_state{service="scraped"} 1.0' in text


def test_health_and_readiness_are_told_apart() -> None:
    url = served(lambda: WELL, lambda: Standing(False, {"failing": ["postgres"]}))
    assert asked(f"{url}/health") == (200, {"status": "ok"})
    assert asked(f"{url}/ready") == (503, {"failing": ["postgres"]})
    with pytest.raises(HTTPError, match="404"):
        urlopen(f"{url}/elsewhere")


async def test_a_loop_that_is_held_up_is_unwell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrape, "PATIENCE_S", 0.1)

    async def well() -> Standing:
        return WELL

    url = served(scrape.asking(well, service="test"))
    assert (await asyncio.to_thread(asked, f"{url}/health"))[0] == 200
    said: list[tuple[int, dict[str, object]]] = []
    thread = threading.Thread(target=lambda: said.append(asked(f"{url}/health")))
    thread.start()
    # The loop does nothing else meanwhile.
    thread.join(10)
    assert said == [(503, {"status": "stuck", "service": "test"})]
