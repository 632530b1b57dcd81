"""`text_embedding`: one vector for each text, by one model."""

from collections.abc import Sequence

import pytest
from pydantic import ValidationError

from haulage.handlers.text_embedding import AT_ONCE, EmbeddingInput, text_embedding
from haulage.testing import FakeContext


def lengths(texts: Sequence[str]) -> list[list[float]]:
    return [[float(len(text)), 1.0] for text in texts]


async def test_one_text_has_one_vector() -> None:
    result = await text_embedding(
        EmbeddingInput(text="sea", model="fake:m"), FakeContext(on_embed=lengths)
    )
    assert (result.embeddings, result.dimensions, result.model) == ([[3.0, 1.0]], 2, "fake:m")
    assert (result.mock, result.usage.cost) == (False, 0)


async def test_many_texts_keep_their_order_and_report_progress() -> None:
    ctx = FakeContext(on_embed=lengths)
    texts = ["x" * (number % 9 + 1) for number in range(AT_ONCE + 10)]
    result = await text_embedding(EmbeddingInput(texts=texts), ctx)
    assert [vector[0] for vector in result.embeddings] == [len(text) for text in texts]
    assert [report.done for report in ctx.reports] == [AT_ONCE, AT_ONCE + 10]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"text": "a", "texts": ["b"]},
        {"text": ""},
        {"texts": []},
        {"texts": ["a", " "]},
        {"texts": ["a"] * 2049},
        {"text": "a" * 2_000_001},
        {"text": "a", "dimensions": 0},
        {"text": "a", "colour": "red"},
    ],
)
def test_input_that_makes_no_sense_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        EmbeddingInput.model_validate(given)
