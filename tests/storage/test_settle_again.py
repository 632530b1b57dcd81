"""A lease is settled once: the same outcome again has landed, another one is refused."""

import pytest

from haulage.domain.lifecycle import State
from haulage.domain.outcome import ErrorInfo, Failed, Outcome, Snooze, Succeeded
from haulage.engine.services import Services
from haulage.storage.settlement import Settlement
from tests.factories import DONE, FAILED, retry, row, state
from tests.storage.test_settle import OUTCOMES, by_name, running

OTHERS: list[Outcome] = [
    *OUTCOMES,
    Succeeded('{"done":false}'),
    Failed(ErrorInfo("other", "", retryable=False)),
    Snooze(10.0, reason="rate limit"),
]


@pytest.mark.parametrize("outcome", OUTCOMES, ids=by_name)
async def test_another_outcome_for_a_settled_lease_is_refused(
    services: Services, outcome: Outcome
) -> None:
    hand, lease = await running(services)
    await hand.settle(lease, outcome)
    before = await row(services, lease.job_id)
    for other in OTHERS:
        assert await hand.settle(lease, other) == (other == outcome)
    assert await row(services, lease.job_id) == before


async def test_of_two_outcomes_for_one_lease_in_a_batch_the_first_lands(
    services: Services,
) -> None:
    _, lease = await running(services)
    said = [Settlement(lease.job_id, lease.fence, one) for one in (DONE, FAILED, DONE)]
    assert await services.jobs.settle(said) == [True, False, True]
    assert await state(services, lease.job_id) is State.SUCCEEDED


async def test_a_retry_that_a_cancel_overtook_says_landed_again(services: Services) -> None:
    hand, lease = await running(services)
    await services.jobs.cancel([lease.job_id], tenant=None, by="ann")
    for outcome, landed in ((retry(), True), (retry(), True), (DONE, False), (FAILED, False)):
        assert await hand.settle(lease, outcome) == landed
