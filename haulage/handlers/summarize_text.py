"""`summarize_text`: a summary made of the text's own sentences; needs no key and no network.

A plain function, because ranking sentences keeps a core busy: it belongs on the cpu pool.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from haulage.documents.extractive import summarize
from haulage.documents.language import detect_language
from haulage.domain.context import BlockingContext
from haulage.domain.job_type import Policy, job_type

MAX_CHARACTERS = 2_000_000


class SummarizeInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(
        min_length=1, max_length=MAX_CHARACTERS, description="The text, plain; any length of line."
    )
    max_words: int = Field(
        default=150, ge=5, le=5_000, description="The summary is never longer than this."
    )
    language: str | None = Field(
        default=None,
        pattern=r"^[a-z]{2,3}$",
        description="ISO 639-1 code of the text's language; detected when left out.",
    )


class Summary(BaseModel):
    summary: str = Field(description="The most central sentences, in the text's own order.")
    language: str = Field(description="ISO 639-1 code, or `und` when it could not be told.")
    method: Literal["extractive"] = Field(description="How the summary was made.")
    words: int = Field(description="Words in the summary.")
    sentences: int = Field(description="Sentences in the summary.")
    source_words: int = Field(description="Words in the text.")
    source_sentences: int = Field(description="Sentences in the text.")


@job_type(
    "summarize_text",
    policy=Policy(max_attempts=3, timeout_s=300),
    example={
        "text": "La mer monta dans la nuit. Au matin, le port avait disparu sous l'eau. "
        "Les pêcheurs regardaient leurs barques dériver entre les toits du port.",
        "max_words": 15,
    },
)
def summarize_text(input: SummarizeInput, ctx: BlockingContext) -> Summary:
    """Summarise a text in at most `max_words` words; Italian, French and English do best."""
    language = input.language or detect_language(input.text)
    ctx.progress(10, step="ranking sentences")
    extract = summarize(input.text, language=language, max_words=input.max_words)
    return Summary(
        summary=extract.text,
        language=language,
        method="extractive",
        words=extract.words,
        sentences=len(extract.positions),
        source_words=extract.source_words,
        source_sentences=extract.source_sentences,
    )
