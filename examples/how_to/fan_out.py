"""One job that splits its work into jobs of their own and puts their results together."""

from pydantic import BaseModel, Field

from haulage import BlockingContext, Child, Context, NotRetryable, job_type


class Chapter(BaseModel):
    text: str


class Book(BaseModel):
    chapters: list[str] = Field(min_length=1)


class Counted(BaseModel):
    words: int
    failed: list[str] = Field(description="Why, for each chapter that failed.")


@job_type("count_chapter", example={"text": "It was the best of times"})
def count_chapter(input: Chapter, ctx: BlockingContext) -> int:
    """Count the words of one chapter, on a processor core of its own."""
    if not input.text.strip():
        raise NotRetryable("The chapter is empty.", code="empty_chapter")
    return len(input.text.split())


@job_type("count_book", example={"chapters": ["one two", "three"]})
async def count_book(input: Book, ctx: Context) -> Counted:
    """Count the words of a book, each chapter in a job of its own."""
    outcomes = await ctx.children(
        "chapter", [Child("count_chapter", {"text": text}) for text in input.chapters]
    )
    return Counted(
        words=sum(one.result for one in outcomes if one.succeeded),
        failed=[str(one.error["message"]) for one in outcomes if one.error],
    )
