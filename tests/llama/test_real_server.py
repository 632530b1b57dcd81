"""The OpenAI family against a real llama.cpp server with a real, tiny model.

What it says makes no sense; that it fits the schema, is counted, cut and refused as OpenAI's does.
"""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from enum import StrEnum

import pytest
from llama_server import KEY, llama_server
from pydantic import BaseModel, Field, SecretStr

from haulage.domain.language_model import Answer, Caller, ChatRequest, Message
from haulage.domain.ports import FreeRoad
from haulage.domain.provider_errors import InputTooLong, KeyRefused, OutputCut
from haulage.providers.gateway import Gateway
from haulage.settings.providers import ProvidersSettings
from haulage.wiring.models import open_models

pytestmark = [
    pytest.mark.skipif(not os.environ.get("HAULAGE_TEST_LLAMA"), reason="the group `llama`"),
    pytest.mark.xdist_group("llama"),
]
MODEL = "llama:smollm2"
CALLER = Caller("default")


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Part(BaseModel):
    kind: str = Field(max_length=12)
    count: int


class Thing(BaseModel):
    name: str = Field(max_length=20)
    colour: Colour
    good: bool
    parts: list[Part] = Field(default=[], max_length=2)
    note: str | None = Field(default=None, max_length=20)


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with llama_server() as url:
        yield url


def opened(url: str, key: str = KEY) -> AbstractAsyncContextManager[Gateway]:
    settings = ProvidersSettings(
        compatible=f"llama={url}",
        compatible_keys=SecretStr(f"llama={key}"),
        network="loopback",
        retries=0,
    )
    road = FreeRoad()

    @asynccontextmanager
    async def gateway() -> AsyncIterator[Gateway]:
        async with open_models(settings, traffic=road, ledger=road, cache=None) as made:
            yield made

    return gateway()


async def ask(gateway: Gateway, text: str, **given: object) -> Answer[object]:
    request = ChatRequest((MODEL,), (Message("user", text),), **{"max_tokens": 200, **given})  # type: ignore[arg-type]
    return await gateway.chat(request, caller=CALLER)


async def test_it_answers_and_counts_its_tokens(server: str) -> None:
    async with opened(server) as gateway:
        answer = await ask(gateway, "Say hello.", max_tokens=24, temperature=0.0)
    assert answer.text
    assert not answer.usage.estimated
    assert 0 < answer.usage.output_tokens <= 24
    assert answer.usage.cost is None


async def test_structured_output_fits_each_time(server: str) -> None:
    async with opened(server) as gateway:
        answers = [
            await ask(gateway, f"Describe a {word}.", output=Thing, temperature=0.7)
            for word in ("car", "book")
        ]
    assert all(isinstance(answer.value, Thing) for answer in answers)
    assert {answer.usage.calls for answer in answers} == {1}


async def test_an_answer_cut_in_the_middle_of_its_structure_says_so(server: str) -> None:
    async with opened(server) as gateway:
        with pytest.raises(OutputCut):
            await ask(gateway, "Describe a car.", output=Thing, max_tokens=5)


async def test_a_text_cut_by_the_limit_is_marked(server: str) -> None:
    async with opened(server) as gateway:
        assert (await ask(gateway, "Tell a long story about a harbour.", max_tokens=4)).cut


async def test_a_wrong_key_is_refused(server: str) -> None:
    async with opened(server, key="wrong") as gateway:
        with pytest.raises(KeyRefused):
            await ask(gateway, "hello")


async def test_a_text_longer_than_its_context_says_so(server: str) -> None:
    async with opened(server) as gateway:
        with pytest.raises(InputTooLong, match="exceeds the available context"):
            await ask(gateway, "word " * 9000)


async def test_it_makes_vectors(server: str) -> None:
    async with opened(server) as gateway:
        found = await gateway.embed((MODEL,), ["sea", "harbour", "sea"], None, caller=CALLER)
    assert found.dimensions == 576
    assert found.vectors[0] == found.vectors[2] != found.vectors[1]
    assert found.usage.input_tokens > 0
