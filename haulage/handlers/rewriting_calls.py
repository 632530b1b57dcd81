"""What `rewrite_novel` asks models. No job type of its own.

Each call is a step: a chunk whose second call was interrupted does not repeat its first.
"""

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel

from haulage.documents.rewriting import (
    OwnedPage,
    answer_tokens,
    numbered,
    of_owned,
    shorten_task,
    shortened,
    shown,
    split_pages,
    task,
    too_long,
)
from haulage.domain.context import Context, version
from haulage.domain.errors import NotRetryable, Retryable
from haulage.domain.language_model import Message
from haulage.domain.provider_errors import InputTooLong, OutputCut


class PageAnswer(BaseModel):
    page: int
    sentences: list[str]


class PagesAnswer(BaseModel):
    pages: list[PageAnswer]


class ShortAnswer(BaseModel):
    sentences: list[list[str]]


async def rewritten(
    pages: Sequence[OwnedPage], chunk: dict[str, Any], ctx: Context
) -> dict[int, list[str]]:
    """Every page's sentences, none longer than `chunk["max_words"]`.

    A page that does not come back is asked for once more and then split; so are sentences that are
    too long. Raises what the call of a model raises.
    """
    found = await _asked(pages, chunk["context"], chunk, ctx)
    if missing := [one for one in pages if one.page not in found]:
        found |= await _asked(missing, "", chunk, ctx, again=True)
        found |= split_pages([one for one in missing if one.page not in found], chunk["max_words"])
    pieces = {}
    if long := too_long(found, chunk["max_words"]):
        pieces = await _pieces(long, chunk, ctx)
    return shortened(found, pieces, chunk["max_words"])


async def _asked(
    pages: Sequence[OwnedPage],
    context: str,
    chunk: dict[str, Any],
    ctx: Context,
    *,
    again: bool = False,
) -> dict[int, list[str]]:
    language, max_words = chunk["language"], chunk["max_words"]

    @version("pages-1")
    async def ask(models: list[str], instruction: str, text: str, tokens: int) -> PagesAnswer:
        messages = (Message("system", instruction), Message("user", text))
        return (await ctx.chat(models, messages, output=PagesAnswer, max_tokens=tokens)).value

    try:
        answer = PagesAnswer.model_validate(
            await ctx.step(
                "pages again" if again else "pages",
                ask,
                chunk["models"],
                task(pages, language=language, max_words=max_words),
                shown(pages, context),
                answer_tokens(pages),
                shared=True,
            )
        )
    except (InputTooLong, OutputCut):
        if len(pages) == 1:
            raise
        half = len(pages) // 2
        between = " ".join(pages[half].sentences)
        first = await _asked(pages[:half], between, chunk, ctx, again=again)
        return first | await _asked(pages[half:], context, chunk, ctx, again=again)
    return of_owned([(one.page, one.sentences) for one in answer.pages], pages)


async def _pieces(
    long: Sequence[str], chunk: dict[str, Any], ctx: Context
) -> dict[str, Sequence[str]]:
    """What a model makes of sentences that are too long; nothing when it fails."""

    @version("shorten-1")
    async def ask(models: list[str], instruction: str, text: str, tokens: int) -> ShortAnswer:
        messages = (Message("system", instruction), Message("user", text))
        return (await ctx.chat(models, messages, output=ShortAnswer, max_tokens=tokens)).value

    try:
        answer = ShortAnswer.model_validate(
            await ctx.step(
                "shorten",
                ask,
                chunk["models"],
                shorten_task(language=chunk["language"], max_words=chunk["max_words"]),
                numbered(long),
                answer_tokens([OwnedPage(0, tuple(long))]),
                shared=True,
            )
        )
    except (Retryable, NotRetryable) as error:
        await ctx.log("Long sentences were split: no model shortened them.", code=error.code)
        return {}
    if len(answer.sentences) != len(long):
        return {}
    return dict(zip(long, answer.sentences, strict=True))
