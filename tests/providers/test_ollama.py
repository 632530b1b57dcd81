"""Ollama, simulated: chat, vectors, and models that are pulled when they are asked for."""

import asyncio

import pytest
from pydantic import BaseModel

from haulage.domain.language_model import Caller, ChatRequest, Message
from haulage.domain.provider_errors import ProviderUnavailable, UnsupportedModel
from haulage.providers.adapter import ChatCall
from haulage.providers.ollama import context_for
from tests.providers.conftest import Desk, Desks

ASKED = ChatRequest(("ollama:absent-slow",), (Message("user", "hello"),))


class Person(BaseModel):
    name: str


async def test_an_answer_costs_nothing_and_its_tokens_are_counted(desk: Desk) -> None:
    answer = await desk.ask("ollama:llama3.2:3b", text="ciao")
    assert (answer.value, answer.model) == ("ciao", "llama3.2:3b")
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (6, 2)
    assert answer.usage.cost == 0


async def test_structured_output_is_asked_for_by_its_schema(desk: Desk, desks: Desks) -> None:
    answer = await desk.ask("ollama:m", text='{"name": "Ada"}', output=Person)
    assert answer.value == Person(name="Ada")
    [sent] = [one for one in desks.provider.look()["calls"] if one["path"] == "/api/chat"][-1:]
    assert sent["body"]["format"]["properties"] == {"name": {"title": "Name", "type": "string"}}


async def test_the_context_grows_with_the_text_because_ollama_cuts_without_a_word() -> None:
    def size(characters: int) -> int:
        return context_for(ChatCall("m", [Message("user", "x" * characters)], max_tokens=1000))

    assert (size(10), size(30_000), size(10_000_000)) == (4096, 16_384, 131_072)


async def test_a_model_that_is_not_there_is_pulled_and_says_how_far_it_is(desk: Desk) -> None:
    assert (await desk.ask("ollama:absent-said")).value == "hello"
    assert desk.said == [
        "Pulling the model absent-said.",
        "Pulling the model absent-said: 10 %.",
        "Pulling the model absent-said: 50 %.",
        "Pulling the model absent-said: 100 %.",
    ]


async def test_a_model_that_several_want_is_pulled_once(desk: Desk, desks: Desks) -> None:
    await asyncio.gather(*(desk.ask("ollama:absent-shared") for _ in range(5)))
    calls = desks.provider.look()["calls"]
    pulls = [one["body"]["model"] for one in calls if one["path"] == "/api/pull"]
    assert pulls.count("absent-shared") == 1


async def test_a_model_that_can_not_be_pulled_is_unsupported(desk: Desk) -> None:
    with pytest.raises(UnsupportedModel, match="file does not exist"):
        await desk.ask("ollama:absent-for-good")


async def test_a_pull_ends_at_its_own_time_limit(desks: Desks) -> None:
    desk = desks.open(ollama_download_timeout_s=0.2)
    with pytest.raises(ProviderUnavailable) as caught:
        await desk.ask("ollama:absent-slow")
    assert caught.value.code == "provider_timed_out"


async def test_a_cancelled_job_does_not_end_the_pull_that_another_waits_for(
    desks: Desks,
) -> None:
    desk = desks.open(ollama_download_timeout_s=0.5)
    both_wait = asyncio.Event()
    heard: list[str] = []

    def hear(message: str, _fields: object) -> None:
        heard.append(message)
        if len(heard) == 2:
            both_wait.set()

    caller = Caller("acme", say=hear)
    first = asyncio.ensure_future(desk.gateway.chat(ASKED, caller=caller))
    second = asyncio.ensure_future(desk.gateway.chat(ASKED, caller=caller))
    await asyncio.wait_for(both_wait.wait(), 5)
    first.cancel()
    # It still waits, and fails with the pull, not with the other's cancel.
    with pytest.raises(ProviderUnavailable):
        await second


async def test_vectors_come_in_order_and_cost_nothing(desk: Desk) -> None:
    found = await desk.vectors("ollama:nomic-embed-text", "a", "bbb")
    assert [vector[0] for vector in found.vectors] == [1.0, 3.0]
    assert (found.usage.input_tokens, found.usage.cost) == (6, 0)


async def test_hybrid_falls_back_to_openai_when_ollama_is_not_there(desks: Desks) -> None:
    desk = desks.open(
        mode="hybrid", supported_models="nomic-embed-text", ollama_base_url="http://127.0.0.1:9"
    )
    found = await desk.vectors("nomic-embed-text", "a")
    assert (found.provider, found.model) == ("openai", "text-embedding-3-small")


async def test_what_takes_long_is_told_to_who_asks(desk: Desk) -> None:
    heard: list[str] = []
    caller = Caller("acme", say=lambda message, _fields: heard.append(message))
    await desk.vectors("ollama:absent-vectors", "a", caller=caller)
    assert heard[0] == "Pulling the model absent-vectors."
