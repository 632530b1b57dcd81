"""Count words, on a processor core of its own."""

from pydantic import BaseModel, Field

from haulage import BlockingContext, NotRetryable, job_type


class Texts(BaseModel):
    texts: list[str] = Field(min_length=1)


class Counted(BaseModel):
    words: list[int | None] = Field(description="For each text; null where it could not be done.")
    failed: list[str] = Field(description="Why, for each text that failed.")


@job_type("count_words", example={"texts": ["one two", "three"]})
def count_words(input: Texts, ctx: BlockingContext) -> Counted:
    """Count the words of each text; an empty one spoils only its own place."""
    parts = ctx.map_partial("text", count, input.texts)
    return Counted(
        words=[part.value for part in parts],
        failed=[f"text {part.index}: {part.failure.message}" for part in parts if part.failure],
    )


def count(text: str) -> int:
    if not text.strip():
        raise NotRetryable("nothing but white space")
    return len(text.split())
