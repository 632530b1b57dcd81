"""Traces in one piece over all processes, as a receiver of OTLP sees them."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from collector import Collector, Seen
from live_system import TERMINAL, System, until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("system")]

CALLERS = "5" * 32


def submitted(system: System, type: str, body: dict, **more: object) -> tuple[str, str]:
    """A job's id and its trace's, as the API says them."""
    job = system.client.submit(type, body, **more)
    return str(job.id), shown(system, job.id)["trace_id"]


def shown(system: System, job_id: object) -> dict:
    with urlopen(f"{system.ready['url']}/api/v1/jobs/{job_id}") as answer:
        return json.loads(answer.read())


def tree_with(collector: Collector, trace_id: str, holds: Callable[[Seen], object]) -> Seen:
    """The trace once it is one piece and `holds`."""

    def whole() -> bool:
        try:
            return bool(holds(collector.tree(trace_id)))
        except AssertionError:
            return False

    try:
        until(whole, within_s=30)
    except AssertionError:
        tops = collector.spans(trace_id)
        raise AssertionError("".join(one.outline() for one in tops)) from None
    return collector.tree(trace_id)


def settled(name: str, count: int) -> Callable[[Seen], bool]:
    """So many attempts have told of themselves, and whoever has rung for them."""
    return lambda root: len(root.find(f"run {name}")) >= count <= len(root.find("ring"))


def test_a_job_is_one_trace_from_the_request_to_its_settlement(
    system: System, collector: Collector, tmp_path: Path
) -> None:
    body = {"witness": str(tmp_path / "witness"), "steps": 2}
    job = put(f"{system.ready['url']}/api/v1/jobs", {"type": "crew.steps", "input": body}, "POST")
    job_id, trace_id = job["id"], job["trace_id"]
    system.until_ended(job_id)
    root = tree_with(collector, trace_id, settled("crew.steps", 1))
    assert (root.name, root.kind, root.service) == ("POST /api/v1/jobs", "server", "haulage-api")
    assert root.attributes["http.response.status_code"] == 202
    [submit] = [one for one in root.below if one.name == "submit"]
    assert (submit.name, submit.kind) == ("submit", "producer")
    assert submit.attributes["haulage.job_id"] == job_id
    [insert] = submit.find("insert")
    assert {one.attributes["db.system.name"] for one in insert.below} == {"postgresql"}
    [ring] = submit.find("ring io")
    assert (ring.kind, ring.service) == ("producer", "haulage-api")
    [claim] = submit.find("claim")
    [run] = submit.find("run crew.steps")
    assert claim.service == run.service == "haulage-worker-io"
    assert claim.began_ns <= run.began_ns
    assert (run.kind, run.links) == ("consumer", [(trace_id, ring.id)])
    told = {key: run.attributes[f"haulage.{key}"] for key in ("job_id", "attempt", "state")}
    assert told == {"job_id": job_id, "attempt": 1, "state": "succeeded"}
    [handler] = [one for one in run.below if one.name == "handler"]
    steps = [one for one in handler.below if one.name == "step"]
    assert [one.attributes["haulage.step"] for one in steps] == ["square[0]", "square[1]"]
    [settle] = [one for one in run.below if one.name == "settle"]
    assert settle.find("postgresql")
    assert not any(one.failed for one in root.all())


def test_a_plain_handler_in_a_child_is_in_it_too(
    system: System, collector: Collector, tmp_path: Path
) -> None:
    job_id, trace_id = submitted(
        system, "crew.spin", {"witness": str(tmp_path / "witness"), "steps": 1}
    )
    system.until_ended(job_id)
    root = tree_with(collector, trace_id, settled("crew.spin", 1))
    [run] = root.find("run crew.spin")
    assert run.service == "haulage-worker-cpu"
    [ring] = root.find("ring cpu")
    assert run.links == [(trace_id, ring.id)]
    [handler] = [one for one in run.below if one.name == "handler"]
    assert [one.attributes["haulage.step"] for one in handler.find("step")] == ["turn[0]"]


def test_attempts_are_in_one_trace_and_each_names_the_one_before(
    system: System, collector: Collector, tmp_path: Path
) -> None:
    job_id, trace_id = submitted(
        system, "crew.flaky", {"witness": str(tmp_path / "witness"), "fail_times": 2}
    )
    assert system.until_ended(job_id).state == "succeeded"
    root = tree_with(collector, trace_id, settled("crew.flaky", 3))
    first, second, third = root.find("run crew.flaky")
    assert [one.attributes["haulage.state"] for one in (first, second, third)] == [
        "scheduled",
        "scheduled",
        "succeeded",
    ]
    assert [one.failed for one in (first, second, third)] == [True, True, False]
    assert (trace_id, first.id) in second.links
    assert (trace_id, second.id) in third.links
    # The dispatcher has rung for the retries.
    assert {one.service for one in root.find("ring")} >= {"haulage-api", "haulage-dispatcher"}


def test_children_are_below_the_attempt_that_spawned_them(
    system: System, collector: Collector, tmp_path: Path
) -> None:
    witness = str(tmp_path / "witness")
    children = [["crew.steps", {"witness": witness}], ["crew.spin", {"witness": witness}]]
    job_id, trace_id = submitted(system, "crew.parent", {"witness": witness, "children": children})
    assert system.until_ended(job_id).state == "succeeded"
    root = tree_with(collector, trace_id, settled("crew.parent", 2))
    before, after = root.find("run crew.parent")
    assert before.attributes["haulage.state"] == "waiting"
    assert not before.failed
    assert (trace_id, before.id) in after.links
    of_children = [*before.find("run crew.steps"), *before.find("run crew.spin")]
    assert {one.attributes["haulage.parent_id"] for one in of_children} == {job_id}
    assert not after.find("run")[1:]


def test_a_parked_call_of_a_model_goes_on_in_the_same_trace(
    system: System, collector: Collector
) -> None:
    limits = f"{system.ready['url']}/api/v1/limits/quiet"
    one_each_six_s = {"amount": 10, "strategy": "bucket", "burst": 1}
    put(limits, {"requests_per_minute": one_each_six_s})
    try:
        # The limit counts in all processes within a second; what is asked before it goes at once.
        asked: list[tuple[str, str]] = []

        def is_parked() -> bool:
            asked.append(submitted(system, "crew.ask", {"witness": "secret"}))
            job = system.until_state(asked[-1][0], "scheduled", *TERMINAL)
            return job.state == "scheduled"

        until(is_parked)
        job_id, trace_id = asked[-1]
        assert system.until_ended(job_id).state == "succeeded"
    finally:
        urlopen(Request(limits, method="DELETE")).close()
    root = tree_with(collector, trace_id, lambda root: root.find("chat tiny"))
    first, second = root.find("run crew.ask")
    assert first.attributes["haulage.state"] == "scheduled"
    assert not first.failed
    assert not first.find("chat")
    assert (trace_id, first.id) in second.links
    assert first.attributes["haulage.attempt"] == second.attributes["haulage.attempt"] == 1
    [chat] = second.find("chat tiny")
    assert chat.kind == "client"
    assert chat.attributes["gen_ai.operation.name"] == "chat"
    assert chat.attributes["gen_ai.provider.name"] == "quiet"
    assert chat.attributes["gen_ai.request.model"] == "tiny"
    assert chat.attributes["gen_ai.usage.input_tokens"] == 7
    # Its turn at the limiter is a command of Redis.
    assert first.find("redis EVALSHA")
    assert "secret" not in collector.said()


def test_the_webhook_that_tells_of_a_job_is_in_its_trace(
    system: System, collector: Collector
) -> None:
    heard: list[str | None] = []

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            heard.append(self.headers["traceparent"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Endpoint) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        system.client.create_webhook("traced", url, jobs="named")
        body = {"type": "echo", "input": {"value": 1}, "webhook": "traced"}
        job = put(
            f"{system.ready['url']}/api/v1/jobs",
            body,
            "POST",
            headers={"traceparent": f"00-{CALLERS}-{'6' * 16}-01"},
        )
        # The caller's trace goes on here.
        assert job["trace_id"] == CALLERS
        until(lambda: heard)
        server.shutdown()
    root = tree_with(collector, CALLERS, lambda root: root.find("webhook"))
    assert (root.name, root.parent) == ("POST /api/v1/jobs", "6" * 16)
    [webhook] = root.find("webhook")
    assert (webhook.service, webhook.kind) == ("haulage-dispatcher", "client")
    assert webhook.attributes["http.response.status_code"] == 204
    assert heard == [f"00-{CALLERS}-{webhook.id}-01"]


def put(url: str, body: dict, method: str = "PUT", *, headers: dict | None = None) -> dict:
    request = Request(
        url,
        json.dumps(body).encode(),
        {"Content-Type": "application/json", **(headers or {})},
        method=method,
    )
    with urlopen(request) as answer:
        return json.loads(answer.read())
