"""`read_book`: a novel as PDF, as its reader sees it: whole sentences, each on its page.

`rewrite_novel` has its book read by this, on the cpu pool. Equal files are read once.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from haulage.documents.book import read_book as read
from haulage.domain.context import BlockingContext, version
from haulage.domain.file_ids import PdfId
from haulage.domain.job_type import Policy, job_type

MAX_PAGES = 2_000


class BookInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    file: PdfId = Field(description="Id of an uploaded PDF with a text layer.")


class UnreadPage(BaseModel):
    page: int = Field(description="The page, from 1.")
    reason: str = Field(description="Why it could not be read, as a sentence.")


class BookRead(BaseModel):
    language: str = Field(description="ISO 639-1 code, or `und` when it could not be told.")
    pages: list[list[str]] = Field(description="For each page the sentences that begin on it.")
    unread: list[UnreadPage] = Field(description="Pages that could not be read.")


@job_type(
    "read_book",
    policy=Policy(max_attempts=4, timeout_s=600),
    example={"file": "01970000-0000-7000-8000-000000000000"},
)
def read_book(input: BookInput, ctx: BlockingContext) -> BookRead:
    """Read a PDF's text: running heads, page numbers, hyphenation and line breaks undone."""
    file = ctx.file_path(input.file)

    @version("book-1")
    def read_once(sha256: str, max_pages: int) -> dict[str, Any]:
        del sha256  # the arguments name the work; the file is at hand
        book = read(file.path, max_pages=max_pages)
        return {
            "language": book.language,
            "pages": [list(page) for page in book.sentences],
            "unread": [{"page": one.page, "reason": one.fault or ""} for one in book.faults],
        }

    found = ctx.step("book", read_once, file.sha256, MAX_PAGES, shared=True)
    return BookRead.model_validate(found)
