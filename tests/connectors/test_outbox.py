"""What ends a job says so to the endpoints that want to hear it, in the same statement."""

import pytest

from haulage.domain.lifecycle import State
from haulage.domain.webhook import SUBSCRIBABLE, Telling, WebhookEvent
from haulage.storage.retention_store import RetentionStore
from tests.factories import DONE, FAILED, FAR, Hand, brought_to, queued, retry

URL = "https://example.org/hook"


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.FAILED, State.CANCELLED])
async def test_the_end_of_a_job_is_to_be_told_once(post, services, state):
    hook = await post.endpoint(URL)
    job_id = await brought_to(services, state, tags=("invoice",))

    [row] = await post.rows()
    assert (row["webhook_id"], row["job_id"], row["event"]) == (hook.id, job_id, f"job.{state}")
    assert row["about"]["tags"] == ["invoice"]


async def test_a_failure_says_its_code_and_not_its_text(post, services):
    await post.endpoint(URL)
    await brought_to(services, State.FAILED)
    [row] = await post.rows()
    assert row["about"]["code"] == "odd"
    assert "wrong" not in str(row["about"])


async def test_settling_twice_tells_once(post, services):
    await post.endpoint(URL)
    hand = await Hand.hired(services)
    lease = await hand.run(await queued(services), DONE)
    assert await hand.settle(lease, DONE)
    assert len(await post.rows()) == 1


async def test_what_passes_its_deadline_is_told(post, services, clock):
    await post.endpoint(URL)
    await queued(services, deadline=clock.now())
    clock.advance(seconds=1)
    await services.dispatch.expire(limit=10)
    [row] = await post.rows()
    assert (row["event"], row["about"]["code"]) == ("job.failed", "deadline")


async def test_a_job_that_killed_its_workers_is_told(post, services):
    await post.endpoint(URL)
    job_id = await queued(services, max_crashes=1)
    hand = await Hand.hired(services)
    await hand.claim(job_id)
    await hand.dies()
    await services.dispatch.rescue_orphans(limit=10)
    [row] = await post.rows()
    assert (row["event"], row["about"]["code"]) == ("job.failed", "quarantined")


async def test_a_cancelled_job_that_is_given_back_is_told(post, services):
    await post.endpoint(URL)
    job_id = await queued(services)
    lease = await (await Hand.hired(services)).claim(job_id)
    await services.jobs.cancel([job_id], tenant=None, by="test")
    await services.dispatch.give_back([(job_id, lease.fence)])
    assert [row["event"] for row in await post.rows()] == ["job.cancelled"]


async def test_a_retry_is_told_to_who_asks_for_it(post, services):
    curious = await post.endpoint(URL, events=SUBSCRIBABLE)
    await post.endpoint(URL)
    await brought_to(services, State.SCHEDULED)
    [row] = await post.rows()
    assert (row["webhook_id"], row["event"]) == (curious.id, WebhookEvent.JOB_RETRYING)


async def test_what_nobody_wants_to_hear_is_not_kept(post, services, clock):
    await post.endpoint(URL, events=(WebhookEvent.JOB_FAILED,))
    await post.endpoint(URL, tenant="another")
    await post.endpoint(URL, jobs=Telling.NAMED)
    off = await post.endpoint(URL)
    await post.store.change(
        off.id, tenant="default", disabled_at=clock.now(), disabled_by="somebody"
    )
    await brought_to(services, State.SUCCEEDED)
    assert await post.rows() == []


async def test_children_are_not_told_of(post, services):
    await post.endpoint(URL)
    hand = await Hand.hired(services)
    parent = await queued(services, run_at=FAR)
    await hand.run(await queued(services, parent_id=parent), FAILED)
    assert await post.rows() == []


async def test_a_redriven_job_is_told_of_again(post, services):
    await post.endpoint(URL)
    job_id = await brought_to(services, State.FAILED)
    await services.decisions.redrive([job_id], tenant="default", by="test")
    await (await Hand.hired(services)).run(job_id, DONE)
    rows = await post.rows()
    assert [(row["event"], row["about"]["run"]) for row in rows] == [
        ("job.failed", 1),
        ("job.succeeded", 2),
    ]


async def test_a_retry_is_no_end(post, services):
    await post.endpoint(URL)
    await (await Hand.hired(services)).run(await queued(services), retry())
    assert await post.rows() == []


async def test_deliveries_are_forgotten_when_they_are_long_over(post, services, clock):
    hook = await post.endpoint(URL)
    await brought_to(services, State.SUCCEEDED)
    await post.deliveries.give_up(hook.id)
    await brought_to(services, State.SUCCEEDED)
    clock.advance(days=40)
    store = RetentionStore(services.database, clock)
    assert await store.forget_deliveries(ended_before=clock.now(), limit=10) == 1
    assert [row["state"] for row in await post.rows()] == ["pending"]
