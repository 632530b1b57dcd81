"""The client against real HTTP."""

import socket
import threading
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from haulage.client import (
    ApiError,
    AsyncClient,
    Client,
    Submission,
    Unreachable,
    WaitTimeout,
)
from haulage.client.following import Broken, Deadline, Waiting
from haulage.domain.lifecycle import State
from tests.client.contract import Contract
from tests.client.trouble import Refuse


def test_a_submitted_job_comes_back_typed(client: Client):
    job = client.submit("echo", {"value": "hi"}, tags=["a", "b"], priority="high")
    assert isinstance(job.id, UUID)
    assert (job.type, job.priority, job.tags) == ("echo", "high", ("a", "b"))
    assert job.created_at == datetime(2026, 1, 5, 10, tzinfo=UTC)


def test_only_what_was_said_is_sent(client: Client):
    body = Submission("echo", run_at=datetime(2026, 1, 1, tzinfo=UTC)).to_json()
    assert body == {"type": "echo", "input": {}, "run_at": "2026-01-01T00:00:00+00:00"}


def test_a_batch_is_answered_in_order(client: Client):
    jobs = client.submit_many([Submission("echo"), Submission("crunch"), Submission("echo")])
    assert [job.type for job in jobs] == ["echo", "crunch", "echo"]


def test_a_list_goes_over_all_pages(api: Contract, client: Client):
    added = [api.add() for _ in range(5)]
    api.add(type="crunch")
    assert [str(job.id) for job in client.list(type="echo")] == added[::-1]


def test_a_refusal_keeps_its_pointers_and_request_id(client: Client):
    with pytest.raises(ApiError) as caught:
        client.submit("echo", {"valeu": 1})
    error = caught.value
    assert (error.status, error.title, error.request_id) == (422, "Invalid input", "req-1")
    assert [fault.pointer for fault in error.errors] == ["/input/valeu"]


def test_an_answer_that_is_not_ours_is_an_api_error(api: Contract):
    with Client(f"{api.url}/api/v1/broken-json?") as client, pytest.raises(ApiError) as caught:
        client.types()
    assert caught.value.code == "unexpected_answer"


def test_an_unhealthy_api_still_says_how_it_feels(client: Client):
    assert client.health() == {"status": "starting"}


def test_the_api_key_is_sent_as_bearer(api: Contract, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HAULAGE_API_KEY", "k-1")
    with Client(api.url) as client:
        client.types()
    assert api.seen[-1][2]["authorization"] == "Bearer k-1"


def test_an_id_cannot_become_another_path(api: Contract, client: Client):
    with pytest.raises(ApiError) as caught:
        client.get("../types")
    assert caught.value.status == 404


def test_nothing_listening_says_where_it_looked_and_how_to_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("HAULAGE_URL", raising=False)
    monkeypatch.setenv("HAULAGE_DATA", str(tmp_path))
    with socket.socket() as unused:
        # Bound but not listening: nobody else can take the port, and nobody answers.
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        (tmp_path / "ready.json").write_text(f'{{"url": "{url}"}}')
        with Client() as client, pytest.raises(Unreachable) as caught:
            client.submit("echo")
    assert url in str(caught.value)
    assert str(tmp_path / "ready.json") in str(caught.value)
    assert "haulage up" in caught.value.hint


def test_a_stream_tells_everything_and_ends(api: Contract, client: Client):
    job_id = api.add()
    api.tell(job_id, "log", message="line\u2028one \U0001f69a")
    api.finish(job_id)
    events = list(client.stream(job_id))
    assert [(event.id, event.event) for event in events] == [(1, "state"), (2, "log"), (3, "state")]
    assert events[1].data["message"] == "line\u2028one \U0001f69a"
    assert events[-1].is_terminal


def test_a_broken_stream_goes_on_where_it_broke(api: Contract, client: Client):
    job_id = api.add()
    for done in range(6):
        api.tell(job_id, "progress", done=done)
    api.finish(job_id)
    api.break_streams_after = [3, 0, 2]
    assert [event.id for event in client.stream(job_id)] == [1, 2, 3, 4, 5, 6, 7, 8]
    asked = [headers.get("last-event-id") for _, path, headers in api.seen if "events" in path]
    assert asked == [None, "3", "3", "5"]


def test_a_stream_that_a_proxy_ended_early_goes_on(api: Contract, client: Client):
    job_id = api.add()
    api.finish(job_id)
    api.end_streams_after = [1, 0, 0]
    assert [event.id for event in client.stream(job_id)] == [1, 2]


def test_a_stream_after_the_last_event_is_empty(api: Contract, client: Client):
    job_id = api.add()
    api.finish(job_id)
    assert list(client.stream(job_id, after=2)) == []


def test_a_wait_ends_with_the_job_and_is_one_question(api: Contract, client: Client):
    job_id = api.add()
    threading.Timer(0.05, api.finish, (job_id, "succeeded", 42)).start()
    job = client.wait(job_id, timeout_s=20)
    assert (job.state, job.result) == (State.SUCCEEDED, 42)
    assert [headers["prefer"] for _, _, headers in api.seen] == ["wait=19"]


def test_a_server_that_does_not_wait_is_asked_again(api: Contract, client: Client):
    api.never_waits = True
    job_id = api.add()
    threading.Timer(0.05, api.finish, (job_id, "failed")).start()
    assert client.wait(job_id, timeout_s=20).state == State.FAILED
    assert len(api.seen) == 2


def test_a_wait_goes_on_after_a_refusal_that_passes(api: Contract, client: Client):
    api.never_waits = True
    job_id = api.add()

    def restart() -> None:
        api.refuse_next = [Refuse(503)] * 2
        api.finish(job_id)

    threading.Timer(0.05, restart).start()
    assert client.wait(job_id, timeout_s=20).succeeded
    assert len(api.seen) == 4


def test_a_wait_outlasts_a_server_that_restarts_and_no_longer_one_that_is_gone(client: Client):
    now = [0.0]
    waiting = Waiting("0198", client.address, Deadline(None), now=lambda: now[0])
    waiting.pause()

    def come_back_for_ever() -> None:
        while True:
            now[0] += waiting.pause_after(Broken("refused", sent=False))

    with pytest.raises(Unreachable):
        come_back_for_ever()
    assert 60 < now[0] < 65


def test_a_submit_may_wait_for_the_end(api: Contract, client: Client):
    assert client.submit("echo", {"value": "hi"}, wait_s=5).result == {"said": {"value": "hi"}}
    assert [headers["prefer"] for _, _, headers in api.seen] == ["wait=5"]


def test_a_wait_that_takes_too_long_leaves_the_job_alone(api: Contract, client: Client):
    job_id = api.add()
    with pytest.raises(WaitTimeout) as caught:
        client.wait(job_id, timeout_s=0.1)
    assert caught.value.job.state == "queued"
    assert ("POST", f"/api/v1/jobs/{job_id}/cancel") not in [seen[:2] for seen in api.seen]


def test_waiting_for_nothing_is_refused(client: Client):
    with pytest.raises(ApiError) as caught:
        client.wait("0198c5f0-0000-7000-8000-000000000000")
    assert caught.value.status == 404


async def test_the_awaited_face_submits_waits_and_streams(
    api: Contract, async_client: AsyncClient, tmp_path: Path
):
    (tmp_path / "a.txt").write_text("text")
    file = await async_client.upload(tmp_path / "a.txt")
    submitted = await async_client.submit("rewrite_novel", {"file": str(file.id)})
    job = await async_client.wait(submitted.id)
    assert job.succeeded
    assert await async_client.result(job.id) == {"said": {"file": str(file.id)}}
    api.break_streams_after = [2]
    assert [event.id async for event in async_client.stream(job.id)] == [1, 2, 3, 4]
    assert [found.id async for found in async_client.list()] == [job.id]


async def test_the_awaited_face_gives_up_waiting_in_time(api: Contract, async_client: AsyncClient):
    with pytest.raises(WaitTimeout):
        await async_client.wait(api.add(), timeout_s=0.1)
