"""A dispatcher that dies with deliveries under way: each is told, and told again under its id."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID

import pytest
from live_system import System, until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("system")]

JOBS = 12


class Endpoint:
    """Somebody's server. While `open` is not set it takes what comes and answers nothing."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.heard: list[tuple[str, bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.heard.append((self.headers["webhook-id"], body))
                outer.open.wait(30)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    yield made
    made.open.set()
    made.server.shutdown()
    made.server.server_close()


def test_a_killed_dispatchers_deliveries_are_told_again_under_their_ids(
    system: System, endpoint: Endpoint
) -> None:
    hook = system.client.create_webhook("killed", endpoint.url, jobs="named")
    jobs = [
        system.client.submit("echo", {"value": number}, webhook="killed").id
        for number in range(JOBS)
    ]
    until(lambda: endpoint.heard)
    [victim, *_] = system.pids("dispatcher")
    os.kill(victim, signal.SIGKILL)
    unanswered = {its for its, _ in endpoint.heard}
    endpoint.open.set()

    def told() -> set[UUID]:
        return {UUID(json.loads(body)["data"]["job_id"]) for _, body in endpoint.heard}

    until(lambda: told() == set(jobs), within_s=60)
    until(lambda: all(one.state == "delivered" for one in system.client.deliveries(hook.id)))
    ids = [its for its, _ in endpoint.heard]
    assert len(set(ids)) == JOBS, "one id for each event"
    assert len(set(endpoint.heard)) == JOBS, "and the same words"
    assert unanswered <= {its for its in ids if ids.count(its) > 1}, "nobody took the answer"
    delivered = system.query(
        "SELECT count(*) FROM webhook_deliveries WHERE webhook_id = %s AND state = 'delivered'",
        hook.id,
    )
    assert delivered == [(JOBS,)]
    system.client.delete_webhook(hook.id)
