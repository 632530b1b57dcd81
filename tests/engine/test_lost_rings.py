"""What is rung again, and how soon, when the broker forgot, kept silent, or is merely busy."""

import pytest

from haulage.engine.dispatcher import Dispatcher
from haulage.engine.lost_rings import SUPPOSED_EVERY_S
from haulage.engine.services import Services
from haulage.storage.leader import Leader
from tests.conftest import TestClock
from tests.engine.test_dispatcher import SETTINGS, Post
from tests.factories import LEASE_S, queued


class Broker:
    """One that other jobs' messages always lie in."""

    def __init__(self) -> None:
        self.forgot = False
        self.length: int | None = 3

    async def __call__(self, queue: str) -> int | None:
        return self.length

    async def lapsed(self) -> bool:
        forgot, self.forgot = self.forgot, False
        return forgot and self.length is not None


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
async def post(services: Services, clock: TestClock, broker: Broker) -> Post:
    post = Post(services, clock)
    post.dispatcher = Dispatcher(
        post.services,
        Leader(services.database, "test"),
        settings=SETTINGS,
        queues={"io": "io", "cpu": "cpu"},
        queue_lengths=broker,
        memory=broker,
        monotonic=lambda: post.monotonic,
    )
    post.monotonic += LEASE_S
    return post


async def test_what_a_broker_forgot_is_rung_again_at_once_however_busy_it_is(
    services: Services, post: Post, broker: Broker
) -> None:
    ids = {await queued(services, queue=queue) for queue in ("io", "cpu")}
    assert await post.tick(5) == []
    broker.forgot = True
    assert set(await post.tick(1)) == ids
    assert await post.tick(5) == []


async def test_rings_that_a_silent_broker_refused_go_out_when_it_answers(
    services: Services, post: Post, broker: Broker
) -> None:
    await post.tick()
    broker.length = None
    job_id = await queued(services)
    assert await post.tick(2) == []
    broker.length = 3
    assert await post.tick(1) == [job_id]


async def test_a_broker_that_answers_late_now_and_then_is_not_sent_everything_each_time(
    services: Services, post: Post, broker: Broker
) -> None:
    job_id = await queued(services)
    rung = []
    for _ in range(int(2 * SUPPOSED_EVERY_S)):
        broker.length = None if broker.length else 3
        rung += await post.tick(1)
    assert rung == [job_id, job_id]


async def test_what_is_forgotten_stays_known_until_it_was_rung(
    services: Services, post: Post, broker: Broker
) -> None:
    job_id = await queued(services)
    broker.forgot = True
    post.clock.advance(seconds=1)
    post.monotonic += 1
    dispatch = post.services.dispatch
    taken = dispatch.take_lost
    dispatch.take_lost = _fails  # type: ignore[method-assign, assignment]
    with pytest.raises(ConnectionError):
        await post.dispatcher.tick()
    dispatch.take_lost = taken  # type: ignore[method-assign]
    assert await post.tick(1) == [job_id]


async def _fails(*_: object, **__: object) -> None:
    raise ConnectionError
