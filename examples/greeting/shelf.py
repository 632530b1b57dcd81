"""Count the words of many books, each in a job of its own."""

from pydantic import BaseModel, Field

from haulage import Child, Context, job_type


class Shelf(BaseModel):
    books: list[list[str]] = Field(min_length=1, description="Each book is a list of texts.")


@job_type("count_shelf", example={"books": [["one two", "three"], ["four"]]})
async def count_shelf(input: Shelf, ctx: Context) -> int:
    """Count the words of a shelf; a book that fails counts for nothing."""
    books = [Child("count_words", {"texts": texts}) for texts in input.books]
    outcomes = await ctx.children("book", books)
    counted = [one.result["words"] for one in outcomes if one.succeeded]
    await ctx.progress(done=len(counted), total=len(outcomes))
    return sum(words or 0 for book in counted for words in book)
