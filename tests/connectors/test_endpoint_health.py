"""An endpoint that fails is left in peace, then given up; one that is well again is told on."""

from haulage.domain.lifecycle import State
from haulage.domain.webhook import SUBSCRIBABLE
from tests.factories import brought_to
from tests.support.receiver import receiving, status

DAY_S = 86_400.0


async def told(post, services, count=1):
    for _ in range(count):
        await brought_to(services, State.SUCCEEDED)
        await post.deliver()


async def test_one_that_has_failed_is_sent_one_at_a_time(post, services, receiver, clock):
    hook = await post.endpoint(receiver.url)
    receiver.answers = [status(500)]
    await told(post, services)
    assert (await post.look(hook)).failures == 1
    for _ in range(3):
        await brought_to(services, State.SUCCEEDED)
    receiver.answer = status(500)
    await post.deliver()
    # Each by itself, until five in a row bring the first rest.
    assert (await post.look(hook)).failures == 4
    clock.advance(minutes=1)
    await post.deliver()
    rest = (await post.look(hook)).rest_until
    assert rest is not None
    before = len(receiver.received)
    await told(post, services)
    assert len(receiver.received) == before, "it is resting"


async def test_one_success_makes_it_well_again(post, services, receiver, clock):
    hook = await post.endpoint(receiver.url)
    receiver.answers = [status(500)] * 6
    for _ in range(6):
        await told(post, services)
        clock.advance(minutes=6)
    await post.deliver()
    await told(post, services)
    seen = await post.look(hook)
    assert (seen.failures, seen.failing_since, seen.rest_until) == (0, None, None)


async def test_an_endpoint_is_left_in_peace_for_as_long_as_it_asks(post, services, receiver, clock):
    hook = await post.endpoint(receiver.url)
    receiver.answers = [status(429, Retry_After="600")]
    await told(post, services, 2)
    assert len(receiver.received) == 1
    assert (await post.look(hook)).rest_until == clock.now().replace(minute=10)
    clock.advance(minutes=10)
    await post.deliver()
    assert len(receiver.received) == 3


async def test_one_that_is_gone_is_disabled_at_once(post, services, receiver):
    hook = await post.endpoint(receiver.url)
    receiver.answer = status(410)
    await told(post, services, 2)
    seen = await post.look(hook)
    assert (seen.disabled_by, len(receiver.received)) == ("gone", 1)
    assert [row["state"] for row in await post.rows(hook.id)] == ["failed"]


async def test_a_lasting_failure_disables_it_and_the_others_hear_of_it(
    post, services, receiver, clock
):
    async with receiving() as dead:
        dead.answer = status(500)
        hook = await post.endpoint(dead.url, name="dead")
        await post.endpoint(receiver.url, events=SUBSCRIBABLE)
        await told(post, services)
        clock.advance(days=5.1)
        await told(post, services)
    assert (await post.look(hook)).disabled_by == "failing"
    assert {row["state"] for row in await post.rows(hook.id)} == {"failed"}
    await post.deliver()
    [said] = [one.document for one in receiver.received if one.document["type"][:3] == "web"]
    assert said["type"] == "webhook.disabled"
    assert (said["data"]["name"], said["data"]["reason"]) == ("dead", "failing")


async def test_a_dead_one_with_much_to_hear_costs_the_others_nothing(post, services, receiver):
    async with receiving() as dead:
        dead.answer = status(500)
        await post.endpoint(dead.url)
        for _ in range(40):
            await brought_to(services, State.CANCELLED)
        well = await post.endpoint(receiver.url)
        job_id = await brought_to(services, State.SUCCEEDED)
        await post.deliver()
        assert [one.document["data"]["job_id"] for one in receiver.received] == [str(job_id)]
        assert [row["state"] for row in await post.rows(well.id)] == ["delivered"]
        # A first handful, then one, then its rest.
        assert len(dead.received) < 40
