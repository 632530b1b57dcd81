"""A chain of models: who is asked next, who is asked again, and when a job parks."""

from random import Random

import pytest

from haulage.domain.backoff import Backoff
from haulage.domain.errors import JobError, Snoozed
from haulage.domain.provider_errors import (
    FALLS_THROUGH,
    MissingKey,
    ProviderRefused,
    ProviderUnavailable,
    RateLimited,
)
from haulage.providers.chain import Patience, first_answer
from haulage.providers.route import Hop

ONE, TWO = Hop("one", "m"), Hop("two", "m")
QUICK = Patience(retries=3, backoff=Backoff(base_s=0.0), patience_s=30)


class Asked:
    """Answers each hop from a script: an error is raised, anything else is the answer."""

    def __init__(self, **scripts: list[object]) -> None:
        self.scripts = scripts
        self.order: list[str] = []

    async def __call__(self, hop: Hop) -> object:
        self.order.append(hop.provider)
        script = self.scripts[hop.provider]
        now = script.pop(0) if len(script) > 1 else script[0]
        if isinstance(now, Exception):
            raise now
        return now


async def run(asked: Asked, *hops: Hop, patience: Patience = QUICK) -> object:
    return await first_answer(hops, asked, patience=patience, random=Random(1))


@pytest.mark.parametrize("kind", FALLS_THROUGH, ids=lambda kind: kind.__name__)
async def test_an_error_that_may_lie_with_the_provider_lets_the_next_model_try(
    kind: type[JobError],
) -> None:
    asked = Asked(one=[kind("no")], two=["yes"])
    assert await run(asked, ONE, TWO) == "yes"
    assert asked.order == ["one", "two"]


@pytest.mark.parametrize("error", [ProviderRefused("bad"), ValueError("?")])
async def test_a_request_at_fault_ends_the_chain(error: Exception) -> None:
    asked = Asked(one=[error], two=["yes"])
    with pytest.raises(type(error)):
        await run(asked, ONE, TWO)
    assert asked.order == ["one"]


async def test_only_what_failed_for_a_while_is_asked_again() -> None:
    asked = Asked(one=[MissingKey("none")], two=[ProviderUnavailable("down"), "yes"])
    assert await run(asked, ONE, TWO) == "yes"
    assert asked.order == ["one", "two", "two"]


async def test_three_retries_and_no_more() -> None:
    asked = Asked(one=[ProviderUnavailable("down")])
    with pytest.raises(ProviderUnavailable):
        await run(asked, ONE)
    assert asked.order == ["one"] * 4


async def test_a_wait_longer_than_our_patience_parks_the_job_to_the_moment() -> None:
    asked = Asked(one=[RateLimited("slow down", retry_after_s=90)])
    with pytest.raises(Snoozed) as caught:
        await run(asked, ONE)
    assert caught.value.delay_s == 90
    assert asked.order == ["one"]


async def test_a_limit_that_parks_one_model_lets_the_next_one_answer() -> None:
    asked = Asked(one=[Snoozed("tenant quota", delay_s=3600)], two=["yes"])
    assert await run(asked, ONE, TWO) == "yes"


async def test_the_shortest_of_all_waits_is_the_one_that_parks() -> None:
    asked = Asked(one=[Snoozed("day", delay_s=3600)], two=[Snoozed("minute", delay_s=50)])
    with pytest.raises(Snoozed, match="minute") as caught:
        await run(asked, ONE, TWO)
    assert caught.value.delay_s == 50


async def test_a_provider_that_is_down_for_long_burns_the_attempt_not_the_slot() -> None:
    asked = Asked(one=[ProviderUnavailable("maintenance", retry_after_s=600)])
    with pytest.raises(ProviderUnavailable) as caught:
        await run(asked, ONE)
    assert caught.value.retry_after_s == 600
    assert asked.order == ["one"]


async def test_the_error_of_a_whole_chain_says_what_each_model_answered() -> None:
    asked = Asked(one=[MissingKey("no key")], two=[ProviderUnavailable("down")])
    with pytest.raises(ProviderUnavailable, match=r"one:m: no key; two:m: down"):
        await run(asked, ONE, TWO, patience=Patience(0, Backoff(base_s=0.0)))
