"""What is sent again, when, and that it happens once all the same."""

import socket
import threading
from collections.abc import Iterator

import pytest

from haulage.client import (
    ApiError,
    Client,
    Submission,
    Unreachable,
    calls,
    fleet_calls,
    following,
)
from haulage.client.address import Address
from haulage.client.following import PAUSES_S, RESTART_PAUSES_S, Attempts, Broken
from tests.client.contract import Contract
from tests.client.trouble import Refuse

HERE = Address("http://127.0.0.1:9", "given")
SUBMIT = calls.submit(Submission("echo"), "k")
ONCE = fleet_calls.run_schedule("s")


def attempts(call: calls.Call = SUBMIT, *, patience_s: float = 30.0, chance: float = 0.5):
    return Attempts(call, HERE, patience_s=patience_s, random=lambda: chance, now=lambda: 100.0)


def busy(status: int = 503, **more: object) -> ApiError:
    return ApiError(status, "Not now", **more)  # type: ignore[arg-type]


def test_a_submit_whose_answer_was_lost_is_one_job(api: Contract, client: Client):
    api.drop_answers = 2
    job = client.submit("echo", {"value": 1})
    assert list(api.jobs) == [str(job.id)]
    assert len({headers["idempotency-key"] for _, _, headers in api.seen}) == 1


def test_every_submit_has_a_key_of_its_own(api: Contract, client: Client):
    assert client.submit("echo").id != client.submit("echo").id
    assert len(api.keys) == 2


def test_a_key_that_is_given_is_sent(api: Contract, client: Client):
    first = client.submit("echo", idempotency_key="order-7")
    assert client.submit("echo", idempotency_key="order-7").id == first.id


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_passes_is_tried_again(api: Contract, client: Client, status: int):
    api.refuse_next = [Refuse(status, retry_after="0"), Refuse(status)]
    assert client.submit("echo").succeeded


def test_a_first_try_that_is_still_under_way_is_waited_for(api: Contract, client: Client):
    api.refuse_next = [Refuse(409, "idempotency_conflict")]
    assert client.submit("echo").succeeded


def test_what_does_not_pass_is_told_at_once(api: Contract, client: Client):
    api.refuse_next = [Refuse(409, "schedule_exists")]
    with pytest.raises(ApiError, match="Not now"):
        client.submit("echo")
    assert len(api.seen) == 1


def test_without_patience_nothing_is_tried_twice(api: Contract):
    api.refuse_next = [Refuse(503)]
    with Client(api.url, patience_s=0) as client, pytest.raises(ApiError):
        client.submit("echo")
    assert len(api.seen) == 1


def test_pauses_grow_and_spread_by_a_quarter():
    least, most = attempts(chance=0.0), attempts(chance=1.0)
    for pause in PAUSES_S:
        assert least.pause_after(busy()) == pytest.approx(0.75 * pause)
        assert most.pause_after(busy()) == pytest.approx(1.25 * pause)
    with pytest.raises(ApiError):
        least.pause_after(busy())


def test_a_server_that_was_there_is_given_the_time_to_start_again():
    away = Broken("refused", sent=False)
    known = Attempts(SUBMIT, HERE, known=True, random=lambda: 0.5, now=lambda: 100.0)
    pauses = [known.pause_after(away) for _ in range(len(PAUSES_S) + len(RESTART_PAUSES_S))]
    assert sum(pauses) > 5
    with pytest.raises(Unreachable):
        known.pause_after(away)


def test_a_server_that_refuses_is_asked_no_more_often_because_it_is_known():
    known = Attempts(SUBMIT, HERE, known=True, random=lambda: 0.5, now=lambda: 100.0)
    for _ in PAUSES_S:
        known.pause_after(busy())
    with pytest.raises(ApiError):
        known.pause_after(busy())


def test_a_submit_and_a_wait_outlast_a_restart(
    api: Contract, client: Client, monkeypatch: pytest.MonkeyPatch
):
    for pauses in ("PAUSES_S", "RESTART_PAUSES_S", "RESUME_PAUSES_S"):
        monkeypatch.setattr(following, pauses, tuple(0.01 for _ in getattr(following, pauses)))
    first = client.submit("echo")
    api.drop_answers = len(PAUSES_S) + 2
    client.submit("echo")
    api.drop_answers = len(PAUSES_S) + 2
    assert client.wait(first.id).succeeded


@pytest.mark.parametrize(("code", "again"), [("overloaded", True), ("unavailable", False)])
def test_what_the_server_did_not_begin_is_sent_again_though_it_may_not_be_made_twice(
    code: str, again: bool
):
    refusal = ApiError(503, "Too busy", "", code=code)
    if again:
        assert attempts(ONCE).pause_after(refusal) > 0
    else:
        with pytest.raises(ApiError):
            attempts(ONCE).pause_after(refusal)


def test_nobody_comes_back_sooner_than_asked():
    assert attempts(chance=0.0).pause_after(busy(429, retry_after_s=5.0)) >= 5.0


def test_a_server_that_asks_for_more_patience_than_there_is_gets_none():
    with pytest.raises(ApiError):
        attempts(patience_s=4.0).pause_after(busy(429, retry_after_s=5.0))


def test_what_must_not_happen_twice_is_sent_again_only_when_nothing_happened():
    assert attempts(ONCE).pause_after(Broken("refused", sent=False))
    assert attempts(ONCE).pause_after(busy(429))
    with pytest.raises(Unreachable):
        attempts(ONCE).pause_after(Broken("reset", sent=True))
    with pytest.raises(ApiError):
        attempts(ONCE).pause_after(busy(503))


@pytest.fixture
def hanging_up() -> Iterator[tuple[str, list[bytes]]]:
    """A server that reads a request and hangs up: its URL, and the methods it read."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        methods: list[bytes] = []

        def hang_up() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                methods.append(connection.recv(65536).split(b" ")[0])
                connection.close()

        threading.Thread(target=hang_up, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", methods
        listener.shutdown(socket.SHUT_RDWR)


def test_a_call_that_may_have_arrived_is_sent_again_only_if_that_is_harmless(
    hanging_up: tuple[str, list[bytes]],
):
    url, methods = hanging_up
    with Client(url) as client:
        with pytest.raises(Unreachable):
            client.run_schedule("s")
        with pytest.raises(Unreachable):
            client.types()
    assert methods == [b"POST", b"GET", b"GET", b"GET", b"GET"]
