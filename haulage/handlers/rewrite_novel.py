"""`rewrite_novel`: a novel as PDF, turned into short sentences (rows E1 to E4).

Without a key for any model it splits and does not rewrite: long sentences are cut at their clauses,
word for word, and the result says `split`. A job of the cpu pool reads the book, this one waits for
models. Chunks are durable, and shared between a tenant's jobs: what was interrupted, or failed in
part, goes on with what is missing, and an equal novel costs nothing. A page or chunk that fails is
reported and never sinks the others.
"""

import asyncio
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from haulage.documents.chunks import TABLE, Cut, cut_of, plan_chunks, read_table
from haulage.documents.rewriting import OwnedPage, split_pages, without_repeats
from haulage.domain.context import Child, Context, Part, version
from haulage.domain.errors import NotRetryable, Retryable
from haulage.domain.file_ids import PdfId
from haulage.domain.job_type import Policy, job_type
from haulage.domain.language_model import Choice
from haulage.handlers.read_book import BookRead
from haulage.handlers.rewriting_calls import rewritten


class RewriteInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    file: PdfId = Field(description="Id of an uploaded PDF with a text layer.")
    sentence_length_limit: int = Field(
        default=12, ge=3, le=100, description="No sentence has more words than this."
    )
    quality: Literal["balanced", "quality", "speed"] = Field(
        default="balanced",
        description="Which models rewrite: what `HAULAGE_PROVIDERS_BALANCED` and its neighbours "
        "name. Where there is none and no key, sentences are split.",
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
    usage: Usage = Field(description="What the job used; chunks that were known cost nothing.")


@job_type(
    "rewrite_novel",
    # Three retries make four attempts (row E4); the time limit is its soft one.
    policy=Policy(max_attempts=4, timeout_s=1_500),
    example={"file": "01970000-0000-7000-8000-000000000000", "sentence_length_limit": 12},
)
async def rewrite_novel(input: RewriteInput, ctx: Context) -> Rewritten:
    """Turn a novel, an uploaded PDF, into sentences of at most `sentence_length_limit` words."""
    choice = ctx.models_for(input.quality)
    table = _table(ctx)
    await ctx.progress(0, step="reading pages")
    book = await _read(input.file, ctx)
    pages = [OwnedPage(number, tuple(each)) for number, each in enumerate(book.pages, 1)]
    chunks = plan_chunks(len(pages), table)
    await ctx.log("novel.read", pages=len(pages), chunks=len(chunks), language=book.language)

    @version("chunk-1")
    async def work_on(chunk: dict[str, Any]) -> dict[str, Any]:
        return await _chunk(chunk, choice, ctx)

    # All that decides about a chunk is in its arguments, its text too: they are what it is known
    # by, in this job and in others.
    parts = await ctx.map_partial(
        "chunk",
        work_on,
        [
            {
                "pages": [[number, list(pages[number - 1].sentences)] for number in chunk.pages],
                "context": _context(pages, chunk.context_page),
                "language": book.language,
                "max_words": input.sentence_length_limit,
                "models": list(choice.models),
                "local": choice.local,
            }
            for chunk in chunks
        ],
        # Splitting computes and gains nothing from company; models are waited for.
        limit=cut_of(len(pages), table).at_once if choice.models else 1,
        shared=True,
    )
    failed = [
        FailedPages(first_page=one.page, last_page=one.page, reason=one.reason)
        for one in book.unread
    ]
    failed += [
        FailedPages(
            first_page=chunk.first_page, last_page=chunk.last_page, reason=part.failure.message
        )
        for chunk, part in zip(chunks, parts, strict=True)
        if part.failure is not None
    ]
    processed = sum(part.failure is None for part in parts)
    if not processed:
        raise NotRetryable(f"None of the {len(chunks)} chunks could be used: {failed[-1].reason}")
    used = ctx.usage
    return Rewritten(
        language=book.language,
        method="rewritten" if any(_is_rewritten(part) for part in parts) else "split",
        sentences=_merged(parts),
        chunks=Chunks(
            total=len(chunks),
            processed=processed,
            failed=sorted(failed, key=lambda item: (item.first_page, item.last_page)),
        ),
        usage=Usage(
            calls=used.calls,
            input_tokens=used.input_tokens,
            output_tokens=used.output_tokens,
            cost=used.cost,
        ),
    )


async def _read(file: PdfId, ctx: Context) -> BookRead:
    [read] = await ctx.children("read", [Child("read_book", {"file": str(file)})])
    if not read.succeeded:
        error = read.error or {}
        raise NotRetryable(
            str(error.get("message") or f"The job that reads the book was {read.state}."),
            code=str(error.get("code") or "book_not_read"),
        )
    return BookRead.model_validate(read.result)


async def _chunk(chunk: dict[str, Any], choice: Choice, ctx: Context) -> dict[str, Any]:
    """The chunk's sentences by page, and whether a model made them."""
    pages = [OwnedPage(number, tuple(said)) for number, said in chunk["pages"] if said]
    found: dict[int, list[str]] = {}
    is_rewritten = bool(pages and choice.models)
    if is_rewritten:
        try:
            found = await rewritten(pages, chunk, ctx)
        except (Retryable, NotRetryable) as error:
            if not choice.local:
                raise
            await ctx.log("No model answered; a chunk was split instead.", code=error.code)
            is_rewritten = False
    if not is_rewritten:
        found = await asyncio.to_thread(split_pages, pages, chunk["max_words"])
    return {
        "method": "rewritten" if is_rewritten else "split",
        "sentences": [[page, text] for page in sorted(found) for text in found[page]],
    }


def _merged(parts: list[Part[Any]]) -> list[Sentence]:
    """All chunks' sentences in order, each once."""
    merged: list[tuple[int, str]] = []
    for part in parts:
        if part.failure is None and part.value is not None:
            following = [(page, text) for page, text in part.value["sentences"]]
            if _is_rewritten(part):
                merged = without_repeats(merged, following)
            merged += following
    return [Sentence(page=page, text=text) for page, text in merged]


def _is_rewritten(part: Part[Any]) -> bool:
    return part.failure is None and part.value is not None and part.value["method"] == "rewritten"


def _context(pages: list[OwnedPage], page: int | None) -> str:
    return " ".join(pages[page - 1].sentences) if page is not None else ""


def _table(ctx: Context) -> tuple[Cut, ...]:
    text = ctx.setting("novel_chunks", "")
    try:
        return read_table(text) if text else TABLE
    except ValueError as error:
        raise NotRetryable(
            f"HAULAGE_HANDLER_NOVEL_CHUNKS={text} can't be read: {error}.", code="settings_fault"
        ) from error
