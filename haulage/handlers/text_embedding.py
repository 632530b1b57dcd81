"""`text_embedding`: vectors of texts, by OpenAI, Ollama, both in turn, or a model that is here.

Not in a step: vectors that were answered are remembered by the installation, so that an attempt
after a crash pays for none of them again, and neither does another job with the same text.
"""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from haulage.domain.context import Context
from haulage.domain.errors import NotRetryable
from haulage.domain.job_type import Policy, job_type
from haulage.domain.language_model import NOTHING

MAX_TEXTS = 2_048
MAX_CHARACTERS = 2_000_000
# Texts between two reports of progress.
AT_ONCE = 256


class EmbeddingInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str | None = Field(default=None, min_length=1, description="One text.")
    texts: list[str] | None = Field(
        default=None, min_length=1, max_length=MAX_TEXTS, description="Or several, in order."
    )
    model: str | None = Field(
        default=None,
        max_length=200,
        description="`openai:…`, `ollama:…`, `gemini:…`, `local:e5-small`, or a bare name, which "
        "is asked for where the installation's mode says. Left out: the installation's default.",
    )
    dimensions: int | None = Field(
        default=None, ge=1, le=16_384, description="Fewer numbers than the model's own, if it can."
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.text is None) == (self.texts is None):
            raise ValueError("give either `text` or `texts`")
        if sum(map(len, self.all_texts())) > MAX_CHARACTERS:
            raise ValueError(f"the texts have more than {MAX_CHARACTERS} characters together")
        if not all(map(str.strip, self.all_texts())):
            raise ValueError("an empty text has no vector")
        return self

    def all_texts(self) -> list[str]:
        """The texts, one or several."""
        return self.texts if self.texts is not None else [self.text or ""]


class EmbeddingUsage(BaseModel):
    calls: int = Field(description="Calls of a model; a share of those made for several jobs.")
    input_tokens: int = Field(description="Tokens sent.")
    cost: float | None = Field(description="US dollars; null where no price is known.")


class Embedded(BaseModel):
    embeddings: list[list[float]] = Field(description="A vector for each text, in order.")
    model: str = Field(description="What made all of them, as `provider:model`.")
    dimensions: int = Field(description="Numbers in each vector.")
    usage: EmbeddingUsage = Field(description="What the job used; known vectors cost nothing.")
    cached: int = Field(description="Pieces of text whose vectors were known already.")
    mock: bool = Field(description="Random numbers: there is no key, only its placeholder.")


@job_type(
    "text_embedding",
    policy=Policy(max_attempts=4, timeout_s=900),
    example={"texts": ["Il porto fu allagato dal mare.", "The harbour was flooded."]},
)
async def text_embedding(input: EmbeddingInput, ctx: Context) -> Embedded:
    """Turn texts into vectors, so that texts about the same lie near each other."""
    texts = input.all_texts()
    model = input.model or "default"
    vectors: list[list[float]] = []
    usage, cached, mock = NOTHING, 0, False
    while len(vectors) < len(texts):
        bite = texts[len(vectors) : len(vectors) + AT_ONCE]
        found = await ctx.embed(model, bite, dimensions=input.dimensions)
        # All by one model: a chain is walked for the first bite only.
        model = f"{found.provider}:{found.model}"
        vectors += [list(vector) for vector in found.vectors]
        usage += found.usage
        cached, mock = cached + found.cached, mock or found.mock
        await ctx.progress(step="embedding", done=len(vectors), total=len(texts))
    sizes = {len(vector) for vector in vectors}
    if len(sizes) != 1:
        raise NotRetryable("The model gave vectors of different sizes.", code="mixed_vectors")
    return Embedded(
        embeddings=vectors,
        model=model,
        dimensions=sizes.pop(),
        usage=EmbeddingUsage(calls=usage.calls, input_tokens=usage.input_tokens, cost=usage.cost),
        cached=cached,
        mock=mock,
    )
