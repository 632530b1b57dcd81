"""A job type that asks a language model, and does without where there is none."""

from typing import Literal

from pydantic import BaseModel, Field

from haulage import Context, Policy, job_type, version

URGENT = ("today", "at once", "urgent", "flooded")


class Letters(BaseModel):
    letters: list[str] = Field(max_length=1_000)
    model: str | list[str] | None = Field(default=None, description="Left out: `balanced`.")


class Sorted(BaseModel):
    kind: Literal["complaint", "question", "other"]
    urgent: bool


@job_type("sort_letters", policy=Policy(timeout_s=900), example={"letters": ["Is it open today?"]})
async def sort_letters(input: Letters, ctx: Context) -> list[Sorted]:
    """Say of each letter what it is and whether it is urgent."""
    models = list(ctx.models_for(input.model).models)

    @version("1")
    async def sort(given: list[str]) -> Sorted:
        letter, *models = given
        if not models:
            return by_rules(letter)
        question = f"What kind of letter is this, and is it urgent?\n\n{letter}"
        return (await ctx.chat(models, question, output=Sorted)).value

    items = [[letter, *models] for letter in input.letters]
    return await ctx.map("letter", sort, items, limit=5, shared=True)


def by_rules(letter: str) -> Sorted:
    """What can be told without a model."""
    urgent = any(word in letter.lower() for word in URGENT)
    return Sorted(kind="question" if "?" in letter else "other", urgent=urgent)
