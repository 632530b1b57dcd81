"""`/webhooks`: made, changed, replaced, tested and replayed; secrets are shown once."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import get_args
from uuid import UUID

import httpx
import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from haulage.api.webhook_models import EventName
from haulage.connectors.vault import Vault
from haulage.connectors.webhooks import Deliverer
from haulage.domain.scope import Scope
from haulage.domain.webhook import SUBSCRIBABLE
from haulage.storage.delivery_store import DeliveryStore
from haulage.storage.webhook_store import WebhookStore
from haulage.web.poster import Poster
from tests.api.callers import callers
from tests.api.conftest import assert_problem
from tests.support.receiver import Receiver, receiving, status

HOOKS = "/api/v1/webhooks"
URL = "https://app.example.org/hooks"
NOWHERE = "/01920000-0000-7000-8000-000000000000"


@pytest.fixture
def settings(settings):
    wanted = settings.webhooks.model_copy(update={"allow_private": True})
    return settings.model_copy(update={"webhooks": wanted})


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as opened:
        yield opened


@pytest.fixture
async def deliver(api):
    """Send what is due, as a dispatcher does."""
    services = api.services
    async with aclosing(Poster(allow_private=True, clock=services.clock)) as poster:
        deliverer = Deliverer(
            DeliveryStore(services.database, services.clock),
            poster,
            Vault(api.settings.webhooks.key_list),
            services.clock,
        )
        yield lambda: deliverer.round(lambda: True)


async def made(http: httpx.AsyncClient, url: str = URL, **given):
    answer = await http.post(HOOKS, json={"name": "orders", "url": url, **given})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_secret_is_shown_once_and_kept_sealed(http, api):
    answer = await http.post(HOOKS, json={"name": "orders", "url": URL})
    hook = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert hook["secret"].startswith("whsec_")
    assert hook["events"] == ["job.succeeded", "job.failed", "job.cancelled"]
    for shown in (await http.get(HOOKS), await http.get(answer.headers["location"])):
        assert hook["secret"] not in shown.text
        assert "secret" not in shown.json()
    kept = await _kept(api)
    assert hook["secret"].removeprefix("whsec_") not in str(kept)


async def _kept(api):
    return await WebhookStore(api.services.database, api.services.clock).of_tenant("default")


async def test_a_receiver_takes_what_it_is_sent(http, submit, worker, receiver, deliver):
    hook = await made(http, receiver.url)
    job = await submit()
    await worker.succeed(job["id"])
    await deliver()
    [got] = receiver.received
    assert got.document["data"]["job_id"] == job["id"]
    # The tests' clock is far ahead of the library's.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Verifier, "_Webhook__verify_timestamp", lambda self, stamp: _moment(stamp))
        assert Verifier(hook["secret"]).verify(got.body, got.headers) == got.document


def _moment(stamp):
    return datetime.fromtimestamp(float(stamp), tz=UTC)


def test_every_event_can_be_subscribed_to():
    assert set(get_args(EventName)) == {event.value for event in SUBSCRIBABLE}


async def test_a_name_is_taken_once(http):
    await made(http)
    answer = await http.post(HOOKS, json={"name": "orders", "url": URL})
    assert_problem(answer, 409, "webhook_exists")


@pytest.mark.parametrize(
    "url",
    ["ftp://example.org/", "https://", "https://user:pass@example.org/", "x", "http://[::1/"],
)
async def test_what_is_no_address_is_refused(http, url):
    answer = await http.post(HOOKS, json={"name": "orders", "url": url})
    assert assert_problem(answer, 422, "invalid_input")["errors"][0]["pointer"] == "/url"


@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.169.254", "[::1]", "10.0.0.1"])
async def test_a_private_address_is_refused_unless_a_setting_allows_it(
    api, http, host, monkeypatch
):
    monkeypatch.setattr(api.settings.webhooks, "allow_private", False)
    answer = await http.post(HOOKS, json={"name": "orders", "url": f"http://{host}/"})
    assert_problem(answer, 422, "invalid_input")


async def test_without_a_key_there_are_no_webhooks(api, http):
    parts = api.app.state.deps
    object.__setattr__(parts, "vault", Vault([]))
    answer = await http.post(HOOKS, json={"name": "orders", "url": URL})
    said = assert_problem(answer, 503, "webhooks_not_set_up")
    assert "HAULAGE_WEBHOOKS_KEYS" in said["detail"]


async def test_a_webhook_is_changed_disabled_and_enabled(http, submit, worker):
    hook = await made(http)
    path = f"{HOOKS}/{hook['id']}"
    changed = await http.patch(path, json={"events": ["job.failed"], "jobs": "named"})
    assert (changed.json()["events"], changed.json()["jobs"]) == (["job.failed"], "named")

    off = (await http.patch(path, json={"enabled": False})).json()
    assert (off["enabled"], off["disabled_by"]) == (False, "anonymous@203.0.113.7")
    assert_problem(await http.post(f"{path}/test"), 409, "webhook_disabled")
    on = (await http.patch(path, json={"enabled": True})).json()
    assert (on["enabled"], on["disabled_by"]) == (True, None)

    assert (await http.delete(path)).status_code == 204
    assert_problem(await http.get(path), 404, "not_found")


async def test_disabling_gives_up_what_is_pending(http, submit, worker):
    hook = await made(http)
    path = f"{HOOKS}/{hook['id']}"
    await worker.succeed((await submit())["id"])
    await http.patch(path, json={"enabled": False})
    [delivery] = (await http.get(f"{path}/deliveries")).json()["data"]
    assert (delivery["state"], delivery["fault"]) == ("failed", "webhook_disabled")


async def test_a_submit_names_who_is_told(http, submit, worker, receiver, deliver):
    await made(http, receiver.url, jobs="named")
    named, other = await submit(webhook="orders"), await submit()
    for job in (named, other):
        await worker.succeed(job["id"])
    await deliver()
    assert [one.document["data"]["job_id"] for one in receiver.received] == [named["id"]]


async def test_a_webhook_that_is_not_there_can_not_be_named(http):
    job = {"type": "speak", "input": {"text": "x"}, "webhook": "nobody"}
    said = assert_problem(await http.post("/api/v1/jobs", json=job), 422, "invalid_input")
    assert said["errors"][0]["pointer"] == "/webhook"
    answer = await http.post("/api/v1/jobs/batch", json={"jobs": [job]})
    said = assert_problem(answer, 422, "invalid_input")
    assert said["errors"][0]["pointer"] == "/jobs/0/webhook"


async def test_a_rotated_secret_signs_for_its_overlap(http, receiver, deliver, clock):
    hook = await made(http, receiver.url)
    path = f"{HOOKS}/{hook['id']}"
    newer = (await http.post(f"{path}/rotate", json={"overlap_s": 60})).json()
    assert newer["secret"] != hook["secret"]
    assert newer["secrets"] == 2
    await http.post(f"{path}/test")
    await deliver()
    clock.advance(seconds=61)
    assert (await http.get(path)).json()["secrets"] == 1
    await http.post(f"{path}/test")
    await deliver()
    both, one = (len(got.headers["webhook-signature"].split(" ")) for got in receiver.received)
    assert (both, one) == (2, 1)


async def test_a_test_is_delivered_and_listed(http, receiver, deliver):
    hook = await made(http, receiver.url)
    path = f"{HOOKS}/{hook['id']}"
    answer = await http.post(f"{path}/test")
    assert (answer.status_code, answer.json()["state"]) == (202, "pending")
    await deliver()
    [delivery] = (await http.get(f"{path}/deliveries")).json()["data"]
    assert (delivery["event"], delivery["state"], delivery["status"]) == (
        "webhook.test",
        "delivered",
        200,
    )
    assert receiver.received[0].id == delivery["id"]


async def test_a_delivery_is_sent_again_under_its_id(http, submit, worker, receiver, deliver):
    hook = await made(http, receiver.url)
    await worker.succeed((await submit())["id"])
    await deliver()
    path = f"{HOOKS}/{hook['id']}/deliveries"
    [delivery] = (await http.get(path)).json()["data"]
    answer = await http.post(f"{path}/{delivery['id']}/replay")
    assert (answer.status_code, answer.json()["state"]) == (202, "pending")
    await deliver()
    assert [one.id for one in receiver.received] == [delivery["id"]] * 2
    assert (await http.get(path)).json()["data"][0]["tried"] == 2


async def test_what_failed_in_an_outage_is_sent_again_at_once(
    http, submit, worker, receiver, deliver
):
    hook = await made(http, receiver.url)
    path = f"{HOOKS}/{hook['id']}"
    jobs = [(await submit())["id"] for _ in range(3)]
    for job in jobs:
        await worker.succeed(job)
    await http.patch(path, json={"enabled": False})
    await http.patch(path, json={"enabled": True})
    answer = await http.post(f"{path}/replay", json={"since": "2029-01-01T00:00:00Z"})
    assert (answer.status_code, answer.json()) == (202, {"replayed": 3})
    await deliver()
    assert sorted(one.document["data"]["job_id"] for one in receiver.received) == sorted(jobs)


async def test_deliveries_come_in_pages_by_state_and_by_job(
    http, submit, worker, receiver, deliver, clock
):
    hook = await made(http, receiver.url)
    receiver.answers = [status(500)]
    jobs = []
    for _ in range(3):
        jobs.append((await submit())["id"])
        await worker.succeed(jobs[-1])
        await deliver()
        clock.advance(seconds=1)
    path = f"{HOOKS}/{hook['id']}/deliveries"

    async def listed(**query):
        return (await http.get(path, params=query)).json()

    first = await listed(limit=2)
    rest = await listed(limit=2, cursor=first["next"])
    assert [one["job_id"] for one in first["data"] + rest["data"]] == jobs[::-1]
    assert rest["next"] is None
    assert [one["job_id"] for one in (await listed(state="pending"))["data"]] == jobs[:1]
    assert [one["job_id"] for one in (await listed(job=jobs[1]))["data"]] == jobs[1:2]
    assert_problem(await http.get(path, params={"cursor": "AAAA"}), 400, "invalid_cursor")


async def test_what_is_another_tenants_is_not_there(http, settings, services):
    async with callers(settings, services) as gated:
        one = await gated.of(Scope.OPERATE, Scope.READ, tenant="one")
        two = await gated.of(Scope.OPERATE, Scope.READ, Scope.SUBMIT, tenant="two")
        hook = (await one.post(HOOKS, json={"name": "orders", "url": URL})).json()
        path = f"{HOOKS}/{hook['id']}"
        assert (await two.get(HOOKS)).json()["data"] == []
        for method, at in [
            ("GET", path),
            ("PATCH", path),
            ("DELETE", path),
            ("GET", f"{path}/deliveries"),
            ("POST", f"{path}/test"),
            ("POST", f"{path}/rotate"),
            ("POST", f"{path}/replay"),
            ("POST", f"{path}/deliveries{NOWHERE}/replay"),
        ]:
            assert_problem(await two.request(method, at, json={}), 404, "not_found")
        job = {"type": "speak", "input": {"text": "x"}, "webhook": "orders"}
        assert_problem(await two.post("/api/v1/jobs", json=job), 422, "invalid_input")
    assert UUID(hook["id"])
