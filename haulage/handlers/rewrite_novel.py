"""`rewrite_novel`: a novel as PDF, turned into short sentences (rows E1 to E4).

Offline it splits and does not rewrite: long sentences are cut at their clauses, word for word, and
the result says `split`. Chunks are durable steps: a run that was interrupted goes on with the first
unfinished chunk. A page or chunk that fails is reported and never sinks the others.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from haulage.documents.book import Book, read_book
from haulage.documents.chunks import plan_chunks
from haulage.documents.clauses import split_clauses
from haulage.domain.context import BlockingContext, version
from haulage.domain.errors import NotRetryable
from haulage.domain.files import FileId
from haulage.domain.job_type import Policy, job_type

MAX_PAGES = 2_000


class RewriteInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    file: FileId = Field(description="Id of an uploaded PDF with a text layer.")
    sentence_length_limit: int = Field(
        default=12, ge=3, le=100, description="No sentence has more words than this."
    )
    quality: Literal["balanced", "quality", "speed"] = Field(
        default="balanced",
        description="Which model rewrites; without a model, sentences are split and this is idle.",
    )


class Sentence(BaseModel):
    page: int = Field(description="The page on which the original sentence begins, from 1.")
    text: str = Field(description="One short sentence or clause.")


class FailedPages(BaseModel):
    first_page: int = Field(description="First page that is missing.")
    last_page: int = Field(description="Last page that is missing.")
    reason: str = Field(description="Why, as a sentence.")


class Chunks(BaseModel):
    total: int = Field(description="Chunks the document was cut into.")
    processed: int = Field(description="Chunks that gave sentences.")
    failed: list[FailedPages] = Field(description="Pages and chunks that could not be used.")


class Usage(BaseModel):
    calls: int = Field(default=0, description="Calls of a model.")
    input_tokens: int = Field(default=0, description="Tokens sent.")
    output_tokens: int = Field(default=0, description="Tokens received.")
    cost: float = Field(default=0.0, description="US dollars.")


class Rewritten(BaseModel):
    language: str = Field(description="ISO 639-1 code, or `und` when it could not be told.")
    method: Literal["rewritten", "split"] = Field(
        description="`split`: cut at clauses, word for word, no model involved."
    )
    sentences: list[Sentence] = Field(description="In reading order.")
    chunks: Chunks = Field(description="How the work was cut and what failed.")
    usage: Usage = Field(description="What the job used.")


@job_type(
    "rewrite_novel",
    # Three retries make four attempts (row E4); the time limit is its soft one.
    policy=Policy(max_attempts=4, timeout_s=1_500),
    example={"file": "01970000-0000-7000-8000-000000000000", "sentence_length_limit": 12},
)
def rewrite_novel(input: RewriteInput, ctx: BlockingContext) -> Rewritten:
    """Turn a novel, an uploaded PDF, into sentences of at most `sentence_length_limit` words."""
    file = ctx.file_path(input.file)
    ctx.progress(0, step="reading pages")
    # Every attempt reads the pages again: it takes a fraction of a second, and a step's stored
    # value would be the whole book. What a chunk makes of its pages is what is worth keeping.
    book = read_book(file, max_pages=MAX_PAGES)
    chunks = plan_chunks(book.pages)
    ctx.log("novel.read", pages=book.pages, chunks=len(chunks), language=book.language)

    @version("split-1")
    def split_chunk(chunk: dict[str, Any]) -> list[dict[str, Any]]:
        return _split_pages(book, chunk["first_page"], chunk["last_page"], chunk["max_words"])

    # The file's content is known by its hash, so the arguments alone name a chunk's work.
    parts = ctx.map_partial(
        "chunk",
        split_chunk,
        [
            {
                "sha256": file.sha256,
                "first_page": chunk.first_page,
                "last_page": chunk.last_page,
                "max_words": input.sentence_length_limit,
            }
            for chunk in chunks
        ],
    )
    failed = [
        FailedPages(first_page=page.page, last_page=page.page, reason=page.fault or "")
        for page in book.faults
    ]
    sentences: list[Sentence] = []
    for chunk, part in zip(chunks, parts, strict=True):
        if part.failure is None:
            sentences.extend(Sentence(**sentence) for sentence in part.value or ())
        else:
            failed.append(
                FailedPages(
                    first_page=chunk.first_page,
                    last_page=chunk.last_page,
                    reason=part.failure.message,
                )
            )
    processed = sum(part.failure is None for part in parts)
    if not processed:
        raise NotRetryable(f"None of the {len(chunks)} chunks could be used: {failed[-1].reason}")
    return Rewritten(
        language=book.language,
        method="split",
        sentences=sentences,
        chunks=Chunks(
            total=len(chunks),
            processed=processed,
            failed=sorted(failed, key=lambda item: (item.first_page, item.last_page)),
        ),
        usage=Usage(),
    )


def _split_pages(
    book: Book, first_page: int, last_page: int, max_words: int
) -> list[dict[str, Any]]:
    return [
        {"page": page, "text": piece}
        for page in range(first_page, last_page + 1)
        for sentence in book.on_page(page)
        for piece in split_clauses(sentence, max_words)
    ]
