"""Where Prometheus finds a process that has no HTTP API."""

import socket
from urllib.request import urlopen

from haulage.telemetry import metrics, scrape


def test_two_processes_of_one_setting_take_one_port_each() -> None:
    metrics.BREAKER_STATE.labels(service="scraped").set(1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        served = scrape.serve("127.0.0.1", port)
    assert port < served < port + scrape.PORTS
    with urlopen(f"http://127.0.0.1:{served}/metrics") as answer:
        text = answer.read().decode()
    assert 'circuit_breaker_state{service="scraped"} 1.0' in text
