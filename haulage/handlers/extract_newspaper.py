"""`extract_newspaper`: an issue, as PDFs or images of pages, turned into articles (row A8).

Pages with a text layer are read at once, in milliseconds. Each scanned one becomes a job of its
own, so that two workers read two pages at a time, and a page that cannot be read is skipped with
its reason while the others go on.
"""

from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from haulage.documents.dates import date_of_name
from haulage.documents.errors import DocumentFault
from haulage.documents.reading import FAILED
from haulage.documents.sheets import open_sheets
from haulage.domain.context import BlockingContext, Child, version
from haulage.domain.errors import NotRetryable
from haulage.domain.file_ids import FileId
from haulage.domain.job_type import Policy, job_type
from haulage.domain.language_model import ModelNames
from haulage.handlers.read_page import (
    MODEL,
    PageArticle,
    PageRead,
    has_failed,
    layer_of,
    outcome_of,
)

MAX_FILES = 200
MAX_PAGES = 500


class NewspaperInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    files: list[FileId] = Field(
        min_length=1,
        max_length=MAX_FILES,
        description="Ids of uploaded PDFs and images (PNG, JPEG, TIFF), one issue, in order.",
    )
    issue_date: date | None = Field(
        default=None,
        description="The issue's day; left out, the masthead says it, or a file's name.",
    )
    languages: list[str] = Field(
        default_factory=list,
        max_length=5,
        description="ISO 639-1 codes that OCR reads in; left out: any that it has data of.",
    )
    model: ModelNames = Field(default=None, description=MODEL)


class NewspaperPage(BaseModel):
    page_number: int = Field(description="Counted through all files, from 1.")
    status: Literal["processed", "skipped"] = Field(
        default="processed", description="`skipped`: nothing of it is in the result."
    )
    reason: str = Field(default="", description="Why the page is skipped.")
    articles: list[PageArticle] = Field(default_factory=list, description="In reading order.")


class Newspaper(BaseModel):
    filename: str = Field(description="The first file's name.")
    issue_date: date | None = Field(description="ISO 8601; null where nothing says it.")
    pages: list[NewspaperPage] = Field(description="Every page, skipped ones too.")


@job_type(
    "extract_newspaper",
    policy=Policy(max_attempts=3, timeout_s=600),
    example={"files": ["01970000-0000-7000-8000-000000000000"], "issue_date": "1954-05-15"},
)
def extract_newspaper(input: NewspaperInput, ctx: BlockingContext) -> Newspaper:
    """Find the articles of a newspaper's issue: title, subtitle, author, text, topics, summary."""
    looks = input.model is not None and bool(ctx.models_for(input.model).models)

    @version("layer-1")
    def read_file(file_id: str) -> dict[str, Any]:
        # In the step: when the job goes on after its pages it does not begin at nought again.
        ctx.progress(0, step="reading files")
        return _read_file(ctx, file_id, looks=looks)

    # No map, which would call the whole job done when the files are.
    files = [
        ctx.step(f"file[{place}]", read_file, str(one)) for place, one in enumerate(input.files)
    ]
    total = sum(len(file["pages"]) for file in files)
    if total > MAX_PAGES:
        raise NotRetryable(f"The issue has {total} pages; at most {MAX_PAGES} are taken.")
    if all(file["fault"] for file in files):
        raise NotRetryable(f"No file of the issue can be read. {files[0]['fault']}")
    scans = [
        Child("read_page", {"file": str(file_id), "page": page, "want": "articles",
                            "languages": input.languages, "model": input.model})
        for file_id, file in zip(input.files, files, strict=True)
        for page, read in enumerate(file["pages"], start=1)
        if read is None
    ]  # fmt: skip
    if scans:
        read = total - len(scans)
        ctx.progress(100 * read / total, step="pages", done=read, total=total)
    outcomes = iter(ctx.children("pages", scans) if scans else ())
    pages = [
        PageRead.model_validate(read) if read is not None else outcome_of(next(outcomes))
        for file in files
        for read in file["pages"]
    ]
    failed = sum(has_failed(one) for one in pages)
    ctx.progress(100, step="pages", done=total - failed, failed=failed, total=total)
    return Newspaper(
        filename=files[0]["name"],
        issue_date=input.issue_date or _issue_date(pages, [file["name"] for file in files]),
        pages=[
            NewspaperPage(
                page_number=number,
                status=one.status,
                reason=one.reason,
                articles=one.articles,
            )
            for number, one in enumerate(pages, start=1)
        ],
    )


def _read_file(ctx: BlockingContext, file_id: str, *, looks: bool) -> dict[str, Any]:
    """A file's name and pages; None in the place of a page that takes OCR, or a model that `looks`
    at it. A file that cannot be opened is one page that failed."""
    file = ctx.file_path(file_id)
    try:
        with open_sheets(file, max_pages=MAX_PAGES) as sheets:
            pages = [
                None if looks else layer_of(sheets, page, "articles")
                for page in range(1, sheets.count + 1)
            ]
    except DocumentFault as fault:
        failed = PageRead(status="skipped", reason=f"{FAILED}: {file.name}: {fault}")
        return {"name": file.name, "fault": str(fault), "pages": [failed.model_dump()]}
    return {
        "name": file.name,
        "fault": "",
        "pages": [None if page is None else page.model_dump() for page in pages],
    }


def _issue_date(pages: list[PageRead], names: list[str]) -> date | None:
    """The first page's masthead, else the name of a file, else another page's folio: what the
    print itself says is believed before what somebody called the file."""
    if pages[0].date:
        return date.fromisoformat(pages[0].date)
    named = next((day for name in names if (day := date_of_name(name))), None)
    if named is not None:
        return named
    return next((date.fromisoformat(page.date) for page in pages if page.date), None)
