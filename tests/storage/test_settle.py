"""Settlements: what lands, what is refused, and what a cancel changes."""

import asyncio

import pytest

from haulage.domain.ids import uuid7
from haulage.domain.job import Lease, Usage
from haulage.domain.lifecycle import State
from haulage.domain.outcome import (
    Cancelled,
    Outcome,
    Snooze,
    Succeeded,
    Waiting,
    target_state,
)
from haulage.engine.services import Services
from haulage.storage.settlement import Settlement
from tests.conftest import TestClock
from tests.factories import (
    DONE,
    ERROR,
    FAILED,
    Hand,
    brought_to,
    history,
    path,
    queued,
    retry,
    row,
    snooze,
    state,
)

OUTCOMES: list[Outcome] = [DONE, FAILED, Cancelled(), retry(), snooze(), Waiting()]


def by_name(value: object) -> str:
    return value.value if isinstance(value, State) else type(value).__name__


async def running(services: Services) -> tuple[Hand, Lease]:
    hand = await Hand.hired(services)
    return hand, await hand.claim(await queued(services))


@pytest.mark.parametrize("outcome", OUTCOMES, ids=by_name)
async def test_an_outcome_leads_to_its_state_and_frees_the_lease(
    services: Services, outcome: Outcome
) -> None:
    hand, lease = await running(services)
    assert await hand.settle(lease, outcome)
    found = await row(services, lease.job_id)
    assert found["state"] == target_state(outcome)
    assert (found["worker_id"], found["worker_pid"], found["rung_at"]) == (None, None, None)
    assert (await path(services, lease.job_id))[-1] == target_state(outcome)


@pytest.mark.parametrize("outcome", OUTCOMES, ids=by_name)
async def test_settling_again_says_landed_and_changes_nothing(
    services: Services, outcome: Outcome
) -> None:
    hand, lease = await running(services)
    await hand.settle(lease, outcome)
    before = await row(services, lease.job_id)
    assert await hand.settle(lease, outcome)
    assert await row(services, lease.job_id) == before


async def test_a_settlement_says_landed_even_after_the_next_attempt_has_begun(
    services: Services,
) -> None:
    hand, lease = await running(services)
    await hand.settle(lease, retry(0.0))
    await services.dispatch.promote_due(limit=1)
    await hand.claim(lease.job_id)
    assert await hand.settle(lease, retry(0.0))
    assert await state(services, lease.job_id) is State.RUNNING


@pytest.mark.parametrize("outcome", OUTCOMES, ids=by_name)
async def test_a_stale_worker_cannot_settle(services: Services, outcome: Outcome) -> None:
    stale, lease = await running(services)
    await stale.dies()
    await services.dispatch.rescue_orphans(limit=10)
    assert not await stale.settle(lease, outcome)
    await services.dispatch.promote_due(limit=10)
    assert not await stale.settle(lease, outcome)
    fresh = await Hand.hired(services)
    newer = await fresh.claim(lease.job_id)
    before = await row(services, lease.job_id)
    assert not await stale.settle(lease, outcome)
    assert await row(services, lease.job_id) == before
    assert await fresh.settle(newer, DONE)
    assert not await stale.settle(lease, outcome)


@pytest.mark.parametrize("outcome", OUTCOMES, ids=by_name)
@pytest.mark.parametrize("given", [one for one in State if one is not State.RUNNING], ids=by_name)
async def test_only_a_running_job_is_settled(
    services: Services, given: State, outcome: Outcome
) -> None:
    job_id = await brought_to(services, given)
    before = await row(services, job_id)
    for fence in {before["fence"], before["fence"] + 1} - {before["settled_fence"]}:
        [landed] = await services.jobs.settle([Settlement(job_id, fence, outcome)])
        assert not landed
    assert await row(services, job_id) == before


async def test_an_unknown_job_is_not_settled(services: Services) -> None:
    assert await services.jobs.settle([Settlement(uuid7(), 1, DONE)]) == [False]


async def test_a_success_keeps_its_result_and_ends_the_job(
    services: Services, clock: TestClock
) -> None:
    hand, lease = await running(services)
    clock.advance(seconds=2)
    await hand.settle(lease, Succeeded('{"é":1}'))
    found = await row(services, lease.job_id)
    assert (found["result"], found["result_ref"], found["result_size"]) == ({"é": 1}, None, 8)
    assert (found["finished_at"], found["error"]) == (clock.now(), None)
    assert (await history(services, lease.job_id))[-1] == {
        "kind": "state",
        "state": "succeeded",
        "attempt": 1,
        "fence": 1,
        "result_size": 8,
    }


async def test_a_result_of_null_is_a_result(services: Services) -> None:
    hand, lease = await running(services)
    assert await hand.settle(lease, Succeeded("null"))
    assert (await row(services, lease.job_id))["result_size"] == 4


async def test_a_retry_waits_for_its_time_with_its_reason(
    services: Services, clock: TestClock
) -> None:
    hand, lease = await running(services)
    await hand.settle(lease, retry(30.0))
    found = await row(services, lease.job_id)
    assert (found["state"], found["reason"], found["attempt"]) == ("scheduled", "retry", 1)
    assert (found["scheduled_at"] - clock.now()).total_seconds() == 30
    assert found["error"] == {"code": "odd", "message": ERROR.message, "retryable": True}
    last = (await history(services, lease.job_id))[-1]
    assert (last["reason"], last["error"]["code"]) == ("retry", "odd")


async def test_a_snooze_refunds_the_attempt_and_never_the_fence(services: Services) -> None:
    hand, lease = await running(services)
    await hand.settle(lease, Snooze(5.0, reason="rate limit"))
    found = await row(services, lease.job_id)
    assert (found["attempt"], found["fence"], found["reason"]) == (0, 1, "rate limit")


async def test_a_success_after_a_retry_forgets_the_error(services: Services) -> None:
    hand, lease = await running(services)
    await hand.settle(lease, retry(0.0))
    await services.dispatch.promote_due(limit=1)
    await hand.run(lease.job_id, DONE)
    assert (await row(services, lease.job_id))["error"] is None


async def test_usage_adds_up_over_attempts(services: Services) -> None:
    hand, lease = await running(services)
    await hand.settle(lease, retry(0.0), Usage(1, 10, 5, 0.25))
    await services.dispatch.promote_due(limit=1)
    second = await hand.claim(lease.job_id)
    await hand.settle(second, retry(0.0))
    await services.dispatch.promote_due(limit=1)
    third = await hand.claim(lease.job_id)
    await hand.settle(third, DONE, Usage(2, 2**40, 0, 0.5))
    assert (await row(services, lease.job_id))["usage"] == {
        "calls": 3,
        "input_tokens": 2**40 + 10,
        "output_tokens": 5,
        "cost": 0.75,
    }


async def test_a_settlement_said_twice_adds_its_usage_once(services: Services) -> None:
    hand, lease = await running(services)
    for _ in range(2):
        await hand.settle(lease, DONE, Usage(calls=1))
    assert (await row(services, lease.job_id))["usage"]["calls"] == 1


@pytest.mark.parametrize(
    ("outcome", "becomes"),
    [
        (retry(), State.CANCELLED),
        (snooze(), State.CANCELLED),
        (Cancelled(), State.CANCELLED),
        (DONE, State.SUCCEEDED),
        (FAILED, State.FAILED),
    ],
    ids=by_name,
)
async def test_a_cancel_that_was_asked_for_wins_over_another_attempt_only(
    services: Services, outcome: Outcome, becomes: State
) -> None:
    hand, lease = await running(services)
    await services.jobs.cancel([lease.job_id], tenant=None, by="ann")
    assert await hand.settle(lease, outcome)
    found = await row(services, lease.job_id)
    assert found["state"] == becomes
    cancelled = becomes is State.CANCELLED
    assert found["cancelled_by"] == ("ann" if cancelled else None)
    assert (found["cancelled_at"] is not None) == cancelled
    assert found["reason"] is None
    last = (await history(services, lease.job_id))[-1]
    assert last.get("cancelled_by") == ("ann" if cancelled else None)


async def test_a_batch_tells_for_each_whether_it_landed(services: Services) -> None:
    hand = await Hand.hired(services)
    leases = await hand.claim_all(*[await queued(services) for _ in range(4)])
    await hand.settle(leases[2], DONE)
    wanted = [
        Settlement(leases[0].job_id, leases[0].fence, DONE),
        Settlement(leases[1].job_id, leases[1].fence + 1, DONE),
        Settlement(leases[2].job_id, leases[2].fence, DONE),
        Settlement(leases[3].job_id, leases[3].fence, FAILED),
    ]
    assert await services.jobs.settle(wanted) == [True, False, True, True]
    assert await state(services, leases[1].job_id) is State.RUNNING


async def test_one_poisonous_settlement_does_not_harm_those_beside_it(services: Services) -> None:
    hand = await Hand.hired(services)
    leases = await hand.claim_all(*[await queued(services) for _ in range(16)])
    answers = await asyncio.gather(
        *(
            services.settlements.submit(
                Settlement(
                    lease.job_id,
                    lease.fence,
                    Succeeded("no json" if place == 5 else "{}"),
                )
            )
            for place, lease in enumerate(leases)
        ),
        return_exceptions=True,
    )
    assert [place for place, answer in enumerate(answers) if answer is not True] == [5]
    assert isinstance(answers[5], Exception)
    assert await state(services, leases[5].job_id) is State.RUNNING


async def test_two_settlements_of_one_lease_at_once_land_as_one(services: Services) -> None:
    for _ in range(5):
        hand, lease = await running(services)
        landed = await asyncio.gather(hand.settle(lease, DONE), hand.settle(lease, FAILED))
        assert sorted(landed) == [False, True]
        assert len(await path(services, lease.job_id)) == 3


@pytest.mark.parametrize("delay_s", [1e30, float("inf"), -5.0, float("nan")])
async def test_an_absurd_delay_still_settles(services: Services, delay_s: float) -> None:
    hand, lease = await running(services)
    assert await hand.settle(lease, retry(delay_s))
    assert await state(services, lease.job_id) is State.SCHEDULED


@pytest.mark.parametrize("reason", ["a\x00b", "a\ud800b", "x" * 10_000])
async def test_an_absurd_reason_still_settles(services: Services, reason: str) -> None:
    hand, lease = await running(services)
    assert await hand.settle(lease, Snooze(1.0, reason=reason))
    found = await row(services, lease.job_id)
    assert found["reason"].startswith(reason[0])
    assert len(found["reason"]) <= 200
