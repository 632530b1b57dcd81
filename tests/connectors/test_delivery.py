"""From the outbox to the endpoint: signed, at least once, in order, and nobody held up."""

import asyncio
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

import pytest
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from haulage.connectors import signature
from haulage.domain.errors import Unavailable
from haulage.domain.lifecycle import State
from haulage.domain.webhook import SUBSCRIBABLE
from haulage.storage.database import Database
from haulage.storage.webhook_store import SealedSecret
from haulage.web.poster import Poster
from tests.factories import DONE, Hand, brought_to, queued, retry
from tests.support.crash_points import CrashingDatabase
from tests.support.receiver import receiving, status

DAY_S = 86_400.0


def checked(received, secret):
    """The document, as a receiver's library takes it. Its clock is not the tests'."""
    at = datetime.fromtimestamp(int(received.headers["webhook-timestamp"]), UTC)
    signed = signature.signed_headers(received.body, id=received.id, at=at, secrets=[secret])
    assert signed["webhook-signature"] in received.headers["webhook-signature"].split(" ")
    return received.document


async def test_an_endpoint_is_told_of_a_job_in_a_few_lines(post, services, receiver):
    await post.endpoint(receiver.url)
    job_id = await brought_to(services, State.SUCCEEDED, tags=("invoice:7",))
    await post.deliver()

    [got] = receiver.received
    assert checked(got, post.secret) == {
        "type": "job.succeeded",
        "timestamp": "2030-01-01T12:00:00Z",
        "data": {
            "job_id": str(job_id),
            "seq": 3,
            "job_type": "echo",
            "queue": "io",
            "tags": ["invoice:7"],
            "run": 1,
            "attempt": 1,
            "error_code": None,
            "links": {
                "job": f"https://jobs.example/api/v1/jobs/{job_id}",
                "result": f"https://jobs.example/api/v1/jobs/{job_id}/result",
            },
        },
    }
    [row] = await post.rows()
    assert got.id == str(row["id"])
    assert (row["state"], row["status"], row["tried"]) == ("delivered", 200, 1)


def test_a_receivers_library_accepts_the_signature_and_no_other():
    secret, other, body = signature.new_secret(), signature.new_secret(), b'{"type":"x"}'
    headers = signature.signed_headers(body, id="m1", at=datetime.now(UTC), secrets=[other, secret])
    assert Verifier(secret).verify(body, headers) == {"type": "x"}
    with pytest.raises(WebhookVerificationError):
        Verifier(signature.new_secret()).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Verifier(secret).verify(b'{"type":"y"}', headers)


async def test_a_rotated_secret_signs_beside_the_new_one_until_it_ends(
    post, services, receiver, clock
):
    newer = signature.new_secret()
    hook = await post.endpoint(receiver.url)
    until = clock.now().replace(hour=13)
    await post.store.replace_secrets(
        hook.id,
        lambda held: [
            SealedSecret(post.vault.seal(newer)),
            SealedSecret(held[0].sealed, until=until),
        ],
        tenant="default",
    )
    await brought_to(services, State.SUCCEEDED)
    await post.deliver()
    clock.advance(hours=1)
    await brought_to(services, State.SUCCEEDED)
    await post.deliver()

    both, one = receiver.received
    checked(both, post.secret)
    checked(both, newer)
    checked(one, newer)
    assert len(one.headers["webhook-signature"].split(" ")) == 1


class Dead(Database):
    """Whoever sends over it dies before anything can be written."""

    @asynccontextmanager
    async def transaction(self):
        raise Unavailable("the process is dead")
        yield


async def test_what_was_sent_and_not_recorded_is_sent_again_under_its_id(
    post, services, receiver, database_url
):
    await post.endpoint(receiver.url)
    await brought_to(services, State.SUCCEEDED)
    dead = Dead(database_url, pool_size=2)
    with pytest.raises(Unavailable):
        await post.deliver(post.deliverer(dead))
    await dead.close()
    await post.deliver()

    assert len(receiver.received) == 2
    assert len({one.id for one in receiver.received}) == 1
    [row] = await post.rows()
    assert (row["state"], row["tried"]) == ("delivered", 1)


@pytest.mark.parametrize("point", ["before", "after"])
async def test_a_record_that_breaks_once_is_made_again_and_nothing_is_sent_again(
    post, services, receiver, database_url, point
):
    await post.endpoint(receiver.url)
    await brought_to(services, State.SUCCEEDED)
    shaky = CrashingDatabase(database_url, pool_size=2)
    shaky.crash_at = point
    with pytest.raises(Unavailable):
        await post.deliver(post.deliverer(shaky))
    await shaky.close()
    await post.deliver()
    assert len(receiver.received) == 1
    [row] = await post.rows()
    assert (row["state"], row["tried"]) == ("delivered", 1)


async def test_two_leaders_at_once_count_a_try_once(post, services, receiver):
    await post.endpoint(receiver.url)
    await brought_to(services, State.SUCCEEDED)
    await asyncio.gather(post.deliver(), post.deliver())
    [row] = await post.rows()
    assert (row["state"], row["tried"]) == ("delivered", 1)


async def test_what_fails_is_tried_again_later_and_given_up_after_days(
    post, services, receiver, clock
):
    await post.endpoint(receiver.url)
    await brought_to(services, State.SUCCEEDED)
    receiver.answer = status(500, "try\nlater\x00")
    deliverer = post.deliverer(lasting_s=100 * DAY_S)
    for _ in range(10):
        await post.deliver(deliverer)
        [row] = await post.rows()
        assert (row["status"], row["fault"], row["excerpt"]) == (500, "http_500", "try later")
        clock.advance(days=1.2)
    assert row["state"] == "failed"
    assert len(receiver.received) == 10
    assert len({one.id for one in receiver.received}) == 1
    assert len({one.body for one in receiver.received}) == 1


async def test_events_of_a_job_arrive_in_their_order(post, services, receiver, clock):
    await post.endpoint(receiver.url, events=SUBSCRIBABLE)
    hand = await Hand.hired(services)
    job_id = await queued(services)
    await hand.run(job_id, retry())
    clock.advance(minutes=1)
    await services.dispatch.promote_due(limit=1)
    await hand.run(job_id, DONE)
    receiver.answers = [status(503)]

    await post.deliver()
    assert receiver.types == ["job.retrying"]
    clock.advance(minutes=1)
    await post.deliver()
    assert receiver.types == ["job.retrying", "job.retrying", "job.succeeded"]


async def test_another_job_does_not_wait_for_the_one_that_fails(post, services, receiver, clock):
    await post.endpoint(receiver.url)
    first = await brought_to(services, State.SUCCEEDED)
    receiver.answers = [status(500)]
    await post.deliver()
    clock.advance(seconds=1)
    second = await brought_to(services, State.SUCCEEDED)
    await post.deliver()
    told = [UUID(one.document["data"]["job_id"]) for one in receiver.received]
    assert told == [first, second]


async def hang(_writer):
    await asyncio.Event().wait()


async def drip(writer):
    writer.write(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


async def flood(writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def test_an_endpoint_that_does_not_answer_does_not_hold_up_another(post, services, receiver):
    async with receiving() as slow, aclosing(Poster(allow_private=True)) as patient:
        slow.answer = hang
        await post.endpoint(slow.url)
        await post.endpoint(receiver.url)
        for _ in range(5):
            await brought_to(services, State.SUCCEEDED)
        post.poster = patient
        delivering = asyncio.create_task(post.deliver(post.deliverer(wind_up_s=0)))
        await receiver.until(5)
        await slow.until(5)
        assert not delivering.done()
        delivering.cancel()
        await asyncio.wait([delivering])


@pytest.mark.parametrize("patience_s", [0.3])
@pytest.mark.parametrize("answer", [hang, drip], ids=["hangs", "drips"])
async def test_an_answer_that_does_not_come_in_time_is_a_try_that_failed(
    post, services, receiver, answer
):
    receiver.answer = answer
    await post.endpoint(receiver.url)
    await brought_to(services, State.SUCCEEDED)
    await post.deliver()
    [row] = await post.rows()
    assert (row["state"], row["fault"]) == ("pending", "fetch_timed_out")


async def test_an_answer_without_end_is_read_to_its_beginning_only(post, services, receiver):
    hook = await post.endpoint(receiver.url)
    receiver.answer = flood
    await brought_to(services, State.SUCCEEDED)
    await post.deliver()
    [row] = await post.rows(hook.id)
    assert (row["state"], row["excerpt"]) == ("delivered", None)


async def test_nobody_there_is_a_try_that_failed(post, services, receiver):
    hook = await post.endpoint("http://127.0.0.1:1/hook")
    await brought_to(services, State.SUCCEEDED)
    await post.deliver()
    [row] = await post.rows(hook.id)
    assert (row["state"], row["fault"], row["status"]) == ("pending", "connection_failed", None)


async def test_a_redirect_is_not_followed(post, services, receiver):
    async with receiving() as elsewhere:
        receiver.answer = status(307, Location=elsewhere.url)
        hook = await post.endpoint(receiver.url)
        await brought_to(services, State.SUCCEEDED)
        await post.deliver()
        assert elsewhere.received == []
    [row] = await post.rows(hook.id)
    assert (row["state"], row["fault"]) == ("pending", "http_307")
