"""Steps: stored under a lease, kept for ever, whatever is in them."""

import asyncio
from dataclasses import replace

import pytest

from haulage.domain.job import Lease, Usage
from haulage.engine.services import Services
from haulage.storage.step_store import FinishedStep
from tests.factories import DONE, Hand, queued, retry


def step(lease: Lease, key: str = "a", value: str = "1") -> FinishedStep:
    return FinishedStep(lease, key, key, value, 0.5)


async def leased(services: Services) -> tuple[Hand, Lease]:
    hand = await Hand.hired(services)
    return hand, await hand.claim(await queued(services))


async def test_a_step_comes_back_in_the_next_attempt(services: Services) -> None:
    hand, lease = await leased(services)
    assert await services.steps.save([step(lease, "a", '{"x": 1}'), step(lease, "b", "null")]) == [
        True,
        True,
    ]
    await hand.settle(lease, retry())
    assert await services.steps.load(lease.job_id) == {"a": '{"x": 1}', "b": "null"}


async def test_a_finished_step_is_never_overwritten(services: Services) -> None:
    hand, lease = await leased(services)
    await services.steps.save([step(lease, value="1"), step(lease, value="2")])
    assert await services.steps.save([step(lease, value="3")]) == [True]
    await hand.settle(lease, retry(0.0))
    await services.dispatch.promote_due(limit=1)
    newer = await hand.claim(lease.job_id)
    assert await services.steps.save([step(newer, value="4")]) == [True]
    assert await services.steps.load(lease.job_id) == {"a": "1"}


async def test_a_step_is_refused_once_the_lease_is_lost(services: Services) -> None:
    hand, lease = await leased(services)
    _, sound = await leased(services)
    await hand.settle(lease, retry(0.0))
    assert await services.steps.save([step(lease), step(sound)]) == [False, True]
    await services.dispatch.promote_due(limit=1)
    newer = await hand.claim(lease.job_id)
    assert await services.steps.save([step(lease, value="1"), step(newer, value="2")]) == [
        False,
        True,
    ]
    assert await services.steps.load(lease.job_id) == {"a": "2"}
    await hand.settle(newer, DONE)
    assert await services.steps.save([step(newer, "b")]) == [False]


async def test_a_large_value_lies_in_the_blob_store_and_comes_back(services: Services) -> None:
    _, lease = await leased(services)
    large = '"' + "é" * 200_000 + '"'
    kept = await services.blobs.keep(large)
    assert kept.ref is not None
    by_reference = replace(step(lease, value=large), value_ref=kept.ref)
    assert await services.steps.save([by_reference]) == [True]
    assert await services.steps.load(lease.job_id) == {"a": large}


async def test_one_poisonous_step_does_not_harm_those_beside_it(services: Services) -> None:
    _, lease = await leased(services)
    answers = await asyncio.gather(
        *(
            services.finished_steps.submit(step(lease, str(place), "NaN" if place == 3 else "1"))
            for place in range(8)
        ),
        return_exceptions=True,
    )
    assert [place for place, answer in enumerate(answers) if answer is not True] == [3]
    assert len(await services.steps.load(lease.job_id)) == 7


@pytest.mark.parametrize("shared", [False, True])
async def test_steps_and_settlements_at_once_do_not_lock_each_other_out(
    services: Services, shared: bool
) -> None:
    hand = await Hand.hired(services)
    leases = await hand.claim_all(*[await queued(services) for _ in range(20)])

    async def save(order: list[Lease]) -> None:
        plain = [step(lease, str(id(order))) for lease in order]
        # All know their values by the same marks, met in another order by each.
        paid = [
            replace(one, mark=place.to_bytes(32), usage=Usage(calls=1))
            for place, one in enumerate(plain)
        ]
        await services.steps.save(paid if shared else plain)

    async def settle(lease: Lease) -> bool:
        return await hand.settle(lease, DONE)

    await asyncio.gather(
        *(save(order) for order in (leases, leases[::-1], leases[10:] + leases[:10])),
        *(settle(lease) for lease in leases[::-1]),
    )
