"""Vectors: cut, gathered from several jobs, remembered, checked."""

import asyncio
import math
from collections.abc import Sequence

import pytest
from pydantic import SecretStr

from haulage.domain.errors import Unavailable
from haulage.domain.language_model import Caller, ModelUsage
from haulage.domain.provider_errors import (
    ProviderRefused,
    ProviderUnavailable,
    UnsupportedModel,
)
from haulage.providers.adapter import Batch
from haulage.providers.embedding import mean, pieces_of, shared
from haulage.providers.fake import Fake
from haulage.providers.gathering import Gathering
from tests.providers.conftest import Desk, Desks, Shelf


async def test_each_text_has_its_vector_in_order(desk: Desk) -> None:
    found = await desk.vectors("openai:text-embedding-3-small", "a" * 7, "b" * 14, dimensions=4)
    assert found.vectors == ((1.0,) * 4, (2.0,) * 4)
    assert (found.dimensions, found.provider, found.mock) == (4, "openai", False)
    assert found.usage.cost == pytest.approx(2 * 0.02 / 1e6)


async def test_vectors_out_of_order_are_put_in_order(desk: Desk) -> None:
    found = await desk.vectors("openai:do/shuffled", "a" * 7, "b" * 14)
    assert [vector[0] for vector in found.vectors] == [1.0, 2.0]


async def test_no_texts_have_no_vectors_and_make_no_call(desk: Desk) -> None:
    found = await desk.vectors("openai:x")
    assert (found.vectors, found.usage.calls, desk.road.held) == ((), 0, [])


@pytest.mark.parametrize("word", ["short", "nan", "ragged", "nothing", "half", "list"])
async def test_vectors_that_can_not_be_are_an_error(desk: Desk, word: str) -> None:
    with pytest.raises(ProviderUnavailable) as caught:
        await desk.vectors(f"openai:do/{word}", "a", "b")
    assert caught.value.code == "provider_garbled"


async def test_the_placeholder_key_makes_random_vectors_that_say_so(desks: Desks) -> None:
    shelf = Shelf()
    desk = desks.open(openai_api_key=SecretStr("your_openai_api_key_here"), cache=shelf)
    found = await desk.vectors("openai:text-embedding-3-small", "a", "b")
    assert (found.mock, found.dimensions, found.usage.cost) == (True, 1024, 0)
    assert found.vectors[0] != found.vectors[1]
    assert not shelf


async def test_a_known_text_costs_nothing_and_an_equal_one_is_asked_for_once(
    desks: Desks,
) -> None:
    fake = Fake()
    desk = desks.open(adapters={"fake": fake}, cache=Shelf())
    first = await desk.vectors("fake:m", "a", "b", "a")
    again = await desk.vectors("fake:m", "b", "a", "c")
    assert [call.texts for call in fake.embeds] == [["a", "b"], ["c"]]
    assert first.vectors[0] == first.vectors[2] == again.vectors[1]
    assert (again.cached, again.usage.calls) == (2, 1)


async def test_another_size_model_or_tenant_is_another_vector(desks: Desks) -> None:
    fake = Fake()
    desk = desks.open(adapters={"fake": fake}, cache=Shelf())
    await desk.vectors("fake:m", "a")
    await desk.vectors("fake:m", "a", dimensions=8)
    await desk.vectors("fake:n", "a")
    await desk.vectors("fake:m", "a", caller=Caller("other"))
    assert len(fake.embeds) == 4


async def test_a_cache_that_does_not_answer_is_no_cache(desks: Desks) -> None:
    class Away(Shelf):
        async def get(self, keys: object) -> object:
            raise Unavailable("away")

        async def put(self, vectors: object) -> None:
            raise Unavailable("away")

    desk = desks.open(cache=Away())
    assert len((await desk.vectors("fake:m", "a")).vectors) == 1


async def test_texts_of_several_jobs_go_together_and_each_pays_its_share(desks: Desks) -> None:
    fake = Fake()
    desk = desks.open(adapters={"fake": fake})
    spent: list[list[ModelUsage]] = [[] for _ in range(20)]
    await asyncio.gather(
        *(
            desk.vectors("fake:m", f"text {number}", caller=Caller("acme", spent[number].append))
            for number in range(20)
        )
    )
    assert len(fake.embeds) < 5
    assert sum(one.input_tokens for job in spent for one in job) == 40
    assert sum(one.calls for job in spent for one in job) == len(fake.embeds)


async def test_one_jobs_bad_text_harms_no_other_job() -> None:
    sent: list[int] = []

    async def send(texts: Sequence[str]) -> list[str]:
        sent.append(len(texts))
        await asyncio.sleep(0)
        if "bad" in texts:
            raise ProviderRefused("bad")
        return [text.upper() for text in texts]

    gathering = Gathering(send, Batch(100, 10_000, 1000), lanes=1)
    jobs = [["first"], ["a", "b"], ["c", "bad"], ["d"]]
    ended = await asyncio.gather(
        *(gathering.submit(job, lambda _: None) for job in jobs), return_exceptions=True
    )
    assert ended[:2] == [["FIRST"], ["A", "B"]]
    assert isinstance(ended[2], ProviderRefused)
    assert ended[3] == ["D"]
    assert sent[:2] == [1, 5]
    assert gathering.idle


async def test_who_is_cancelled_takes_its_unsent_texts_along() -> None:
    gate, sent = asyncio.Event(), []

    async def send(texts: Sequence[str]) -> list[str]:
        sent.extend(texts)
        await gate.wait()
        return list(texts)

    gathering = Gathering(send, Batch(1, 10_000, 1000), lanes=1)
    first = asyncio.ensure_future(gathering.submit(["a"], lambda _: None))
    second = asyncio.ensure_future(gathering.submit(["b"], lambda _: None))
    third = asyncio.ensure_future(gathering.submit(["c"], lambda _: None))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    second.cancel()
    gate.set()
    assert (await first, await third, sent) == (["a"], ["c"], ["a", "c"])


async def test_what_was_paid_before_an_error_is_spent_and_remembered(desks: Desks) -> None:
    shelf = Shelf()
    fake = Fake()
    desk = desks.open(adapters={"fake": fake}, cache=shelf)
    calls = 0
    plain = fake.embed

    async def second_fails(call: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise ProviderUnavailable("down")
        return await plain(call)  # type: ignore[arg-type]

    fake.embed = second_fails  # type: ignore[method-assign,assignment]
    with pytest.raises(ProviderUnavailable):
        await desk.vectors("fake:m", *(f"t {number}" for number in range(150)))
    assert len(shelf) == 100 or len(shelf) == 50
    assert sum(one.input_tokens for one in desk.spent) == 2 * len(shelf)


async def test_a_long_text_is_cut_and_gets_the_mean_of_its_pieces(desk: Desk) -> None:
    found = await desk.vectors("ollama:m", "word " * 3_000)
    assert math.dist(found.vectors[0], [0.0] * 8) == pytest.approx(1.0)


@pytest.mark.parametrize("text", ["", "a", "a b c d e f", "äöü" * 50, "x" * 100, "漢字 " * 40])
def test_pieces_are_small_enough_and_together_the_whole_text(text: str) -> None:
    pieces = pieces_of(text, 16)
    assert "".join(pieces) == text
    assert all(len(piece.encode()) <= 16 for piece in pieces)


def test_the_mean_has_length_one() -> None:
    assert mean([((3.0, 0.0), 1), ((0.0, 4.0), 1)]) == pytest.approx((0.6, 0.8))


def test_shares_add_up_to_the_whole() -> None:
    shares = shared(ModelUsage(1, 100, 0, 1.0), [1, 1, 1])
    assert [one.input_tokens for one in shares] == [33, 33, 34]
    assert [one.calls for one in shares] == [1, 0, 0]


async def test_the_local_model_finds_what_belongs_together_over_languages(desk: Desk) -> None:
    texts = [
        "The harbour was flooded by the sea.",
        "Il porto fu allagato dal mare.",
        "The recipe needs two eggs and some flour.",
    ]
    found = await desk.vectors("local:e5-small", *texts)
    harbour, porto, eggs = found.vectors
    assert found.dimensions == 384
    assert found.usage.cost == 0
    assert math.dist(harbour, porto) < math.dist(harbour, eggs)


async def test_the_local_provider_says_what_it_has(desk: Desk) -> None:
    with pytest.raises(UnsupportedModel, match="local:e5-small"):
        await desk.vectors("local:large", "a")
    with pytest.raises(UnsupportedModel, match="does not chat"):
        await desk.ask("local:e5-small")
