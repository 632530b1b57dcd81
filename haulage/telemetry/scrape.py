"""Where Prometheus finds the metrics of a process without an HTTP API: workers, dispatchers.

Several processes of one machine share a setting: each takes the first port that is free from it on.
"""

from prometheus_client import start_http_server

from haulage.telemetry import logs

log = logs.get(__name__)

PORTS = 50


def serve(host: str, port: int) -> int:
    """Answer `GET /metrics` from a thread for as long as the process lives; the port. Raises
    `OSError` when none of the ports is free."""
    for candidate in range(port, port + PORTS):
        try:
            start_http_server(candidate, addr=host)
        except OSError:
            if candidate == port + PORTS - 1:
                raise
            continue
        log.info("metrics.served", host=host, port=candidate)
        return candidate
    raise AssertionError("unreachable")
