"""The OpenAI family against a strict simulated provider: what each answer means for a job."""

import time
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr
from simulated_provider import GOOD_KEY

from haulage.domain.errors import Verdict, classify
from haulage.domain.provider_errors import (
    BadOutput,
    KeyRefused,
    MissingKey,
    OutputCut,
    ProviderRefused,
    ProviderUnavailable,
    QuotaSpent,
    RateLimited,
    UnsupportedModel,
)
from tests.providers.conftest import Desk, Desks


class Person(BaseModel):
    name: str
    nickname: str = ""
    friends: list["Person"] = []


async def test_a_question_gets_its_answer_and_its_bill(desk: Desk) -> None:
    answer = await desk.ask("openai:gpt-4o-mini", text="bonjour")
    assert (answer.value, answer.text) == ("bonjour", "bonjour")
    assert (answer.provider, answer.model) == ("openai", "gpt-4o-mini")
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (11, 7)
    assert answer.usage.cost == pytest.approx((11 * 0.15 + 7 * 0.6) / 1e6)
    assert desk.spent == [answer.usage]
    assert desk.road.settled == [(11, 7)]


async def test_what_openrouter_says_it_cost_is_what_it_cost(desk: Desk) -> None:
    assert (await desk.ask("openrouter:openai/gpt-4o-mini")).usage.cost == 0.00042


async def test_a_model_without_a_price_has_no_cost_and_it_is_not_zero(desk: Desk) -> None:
    assert (await desk.ask("other:nobody-knows-it")).usage.cost is None


async def test_structured_output_is_an_instance_of_what_was_asked_for(desk: Desk) -> None:
    text = '{"name": "Ada", "nickname": "", "friends": []}'
    answer = await desk.ask("openai:x", text=text, output=Person)
    assert answer.value == Person(name="Ada")


async def test_a_fenced_answer_is_read_too(desk: Desk) -> None:
    text = '```json\n{"name": "Ada"}\n```'
    assert (await desk.ask("openai:x", text=text, output=Person)).value.name == "Ada"


async def test_an_answer_that_does_not_fit_is_asked_for_once_more_and_paid_twice(
    desk: Desk, request: pytest.FixtureRequest
) -> None:
    answer = await desk.ask(f"openai:seq/misfit,fit/{request.node.name}", output=Person)
    assert answer.value == Person(name="Ada")
    assert (answer.usage.calls, answer.usage.input_tokens) == (2, 22)
    assert len(desk.road.held) == len(desk.spent) == 2


async def test_an_answer_that_never_fits_says_where_and_is_paid_all_the_same(desk: Desk) -> None:
    with pytest.raises(BadOutput, match="/name: missing"):
        await desk.ask("openai:do/misfit", output=Person)
    assert [usage.input_tokens for usage in desk.spent] == [11, 11]


@pytest.mark.parametrize("word", ["refuse", "filter"])
async def test_a_model_that_declines_is_paid_and_not_asked_again(desk: Desk, word: str) -> None:
    with pytest.raises(ProviderRefused) as caught:
        await desk.ask(f"openai:do/{word}")
    assert caught.value.code == "model_declined"
    assert len(desk.spent) == 1


@pytest.mark.parametrize(
    ("word", "kind", "code"),
    [
        ("500", ProviderUnavailable, "provider_unavailable"),
        ("503", ProviderUnavailable, "provider_unavailable"),
        ("408", ProviderUnavailable, "provider_unavailable"),
        ("429", RateLimited, "rate_limited"),
        ("400", ProviderRefused, "provider_refused"),
        ("403", ProviderRefused, "provider_refused"),
        ("422", ProviderRefused, "provider_refused"),
        ("302", ProviderRefused, "provider_refused"),
        ("404", UnsupportedModel, "unsupported_model"),
        ("402", QuotaSpent, "quota_spent"),
        ("401", KeyRefused, "key_refused"),
        ("quota", QuotaSpent, "quota_spent"),
        ("close", ProviderUnavailable, "provider_unavailable"),
        ("half", ProviderUnavailable, "provider_garbled"),
        ("html", ProviderUnavailable, "provider_garbled"),
        ("list", ProviderUnavailable, "provider_garbled"),
        ("bomb", ProviderUnavailable, "provider_garbled"),
        ("nothing", ProviderUnavailable, "provider_garbled"),
        ("error200", ProviderUnavailable, "provider_unavailable"),
        ("error200:429", RateLimited, "rate_limited"),
        ("error200:401", KeyRefused, "key_refused"),
        ("error200:400", ProviderRefused, "provider_refused"),
    ],
)
async def test_each_way_to_fail_is_a_clear_error_of_ours(
    desk: Desk, word: str, kind: type[Exception], code: str
) -> None:
    with pytest.raises(kind) as caught:
        await desk.ask(f"openai:do/{word}")
    assert type(caught.value) is kind
    assert caught.value.code == code  # type: ignore[attr-defined]
    retryable = kind in (ProviderUnavailable, RateLimited)
    assert classify(caught.value) is (Verdict.RETRY if retryable else Verdict.FAIL)
    assert desk.road.ended == [kind.__name__]


@pytest.mark.parametrize("word", ["hang", "drip"])
async def test_a_provider_that_hangs_or_drips_is_left_at_the_time_limit(
    desks: Desks, word: str
) -> None:
    desk = desks.open(timeout_s=0.3)
    started = time.monotonic()
    with pytest.raises(ProviderUnavailable, match=r"within 0\.3 s") as caught:
        await desk.ask(f"openai:do/{word}")
    assert caught.value.code == "provider_timed_out"
    # The vendor's client alone would wait for ten minutes.
    assert time.monotonic() - started < 20


async def test_nobody_there_is_unavailable(desks: Desks) -> None:
    desk = desks.open(openai_base_url="http://127.0.0.1:9/v1")
    with pytest.raises(ProviderUnavailable, match=r"127\.0\.0\.1:9"):
        await desk.ask("openai:x")


async def test_retry_after_is_what_the_provider_said(desk: Desk) -> None:
    with pytest.raises(RateLimited) as caught:
        await desk.ask("openai:do/429:7")
    assert caught.value.retry_after_s == 7


@pytest.mark.parametrize("word", ["silent", "liar"])
async def test_a_bill_that_cannot_be_is_replaced_by_an_estimate(desk: Desk, word: str) -> None:
    answer = await desk.ask(f"other:do/{word}", text="a" * 300)
    assert answer.usage.estimated
    assert 100 <= answer.usage.input_tokens <= 120
    assert answer.usage.output_tokens == 100
    assert answer.usage.cost is None


async def test_a_text_cut_by_the_limit_is_marked(desk: Desk) -> None:
    assert (await desk.ask("openai:do/cut", text="abcdef")).cut


async def test_a_structure_cut_by_the_limit_says_so_and_is_not_asked_for_again(desk: Desk) -> None:
    with pytest.raises(OutputCut, match="max_tokens=1024"):
        await desk.ask("openai:do/cut", text='{"name": "Ada"}', output=Person)
    assert len(desk.spent) == 1


async def test_no_key_says_which_variable_to_set(desks: Desks) -> None:
    desk = desks.open(openai_api_key=None)
    with pytest.raises(MissingKey, match="OPENAI_API_KEY"):
        await desk.ask("openai:x")


async def test_a_key_that_has_changed_in_its_file_is_tried_once_more(
    desks: Desks, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    file.write_text("sk-old\n")
    desk = desks.open(openai_api_key=None, openai_api_key_file=file)
    with pytest.raises(KeyRefused):
        await desk.ask("openai:x")
    file.write_text(f"{GOOD_KEY}\n")
    assert (await desk.ask("openai:x")).value == "hello"


async def test_a_key_no_header_may_hold_is_said_without_the_key(desks: Desks) -> None:
    desk = desks.open(openai_api_key=SecretStr("sk-planted\n1"))
    with pytest.raises(KeyRefused) as caught:
        await desk.ask("openai:x")
    assert "planted" not in str(caught.value)


async def test_a_provider_elsewhere_is_refused_when_the_network_is_loopback(desks: Desks) -> None:
    desk = desks.open(openai_base_url="https://api.openai.com/v1")
    with pytest.raises(ProviderRefused) as caught:
        await desk.ask("openai:x")
    assert caught.value.code == "network_refused"
