"""Gemini, simulated."""

import pytest
from pydantic import BaseModel, SecretStr

from haulage.domain.language_model import ChatRequest, Message
from haulage.domain.provider_errors import (
    KeyRefused,
    MissingKey,
    ProviderRefused,
    ProviderUnavailable,
    RateLimited,
    UnsupportedModel,
)
from tests.providers.conftest import Desk, Desks


class Person(BaseModel):
    name: str


async def test_an_answer_leaves_the_thoughts_out_and_pays_for_them(desk: Desk) -> None:
    answer = await desk.ask("gemini:gemini-2.5-flash", text="bonjour")
    assert answer.value == "bonjour"
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (9, 7)
    assert answer.usage.cost == pytest.approx((9 * 0.3 + 7 * 2.5) / 1e6)


async def test_a_system_message_and_earlier_turns_go_where_gemini_wants_them(
    desk: Desk, desks: Desks
) -> None:
    turns = (Message("system", "short"), Message("user", "a"), Message("assistant", "b"))
    request = ChatRequest(("gemini:g",), (*turns, Message("user", "c")))
    await desk.gateway.chat(request, caller=desk.caller)
    body = desks.provider.look()["calls"][-1]["body"]
    assert body["systemInstruction"] == {"parts": [{"text": "short"}]}
    assert [one["role"] for one in body["contents"]] == ["user", "model", "user"]


async def test_structured_output_fits(desk: Desk) -> None:
    answer = await desk.ask("gemini:g", text='{"name": "Ada"}', output=Person)
    assert answer.value == Person(name="Ada")


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("nobody", UnsupportedModel),
        ("exhausted", RateLimited),
        ("do/blocked", ProviderRefused),
        ("do/unsafe", ProviderRefused),
        ("do/503", ProviderUnavailable),
        ("do/list", ProviderUnavailable),
    ],
)
async def test_each_way_to_fail_is_a_clear_error_of_ours(
    desk: Desk, model: str, kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        await desk.ask(f"gemini:{model}")


async def test_the_delay_that_google_asks_for_is_kept(desk: Desk) -> None:
    with pytest.raises(RateLimited) as caught:
        await desk.ask("gemini:exhausted")
    assert caught.value.retry_after_s == 7.5


async def test_a_wrong_key_is_told_apart_from_a_bad_request(desks: Desks) -> None:
    desk = desks.open(gemini_api_key=SecretStr("wrong"))
    with pytest.raises(KeyRefused):
        await desk.ask("gemini:g")


async def test_no_key_says_which_variable_to_set(desks: Desks) -> None:
    desk = desks.open(gemini_api_key=None)
    with pytest.raises(MissingKey, match="GEMINI_API_KEY"):
        await desk.ask("gemini:g")


async def test_a_models_name_can_not_lead_to_another_path(desk: Desk, desks: Desks) -> None:
    await desk.ask("gemini:../../x?y#z")
    assert desks.provider.look()["calls"][-1]["path"].count("/") == 3


async def test_a_text_cut_by_the_limit_is_marked(desk: Desk) -> None:
    assert (await desk.ask("gemini:do/cut")).cut


async def test_vectors_are_asked_for_a_hundred_at_a_time(desk: Desk) -> None:
    found = await desk.vectors("gemini:gemini-embedding-001", *map(str, range(250)), dimensions=4)
    assert (len(found.vectors), found.dimensions) == (250, 4)
    assert found.usage.estimated
