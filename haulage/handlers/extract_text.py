"""`extract_text`: any document, page by page, as clean text with its language.

PDFs with a text layer, scans and images of pages. Running heads, page numbers, hyphens at line
ends and hard line breaks are undone. A page that cannot be read is skipped with its reason.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from haulage.documents.cleaning import clean_by_page
from haulage.documents.language import UNDETERMINED, detect_language
from haulage.documents.sheets import open_sheets
from haulage.domain.context import BlockingContext, Child, version
from haulage.domain.file_ids import FileId
from haulage.domain.job_type import Policy, job_type
from haulage.handlers.read_page import MAX_PAGES, PageRead, has_failed, layer_of, outcome_of

# Pages between two reports of progress.
AT_ONCE = 50


class PagesFile(FileId):
    accepts = ("application/pdf", "image/png", "image/jpeg", "image/tiff")


class TextInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    file: PagesFile = Field(description="Id of an uploaded PDF, PNG, JPEG or TIFF.")
    languages: list[str] = Field(
        default_factory=list,
        max_length=5,
        description="ISO 639-1 codes that OCR reads in; left out: any that it has data of.",
    )


class TextPage(BaseModel):
    page_number: int = Field(description="From 1.")
    status: Literal["processed", "skipped"] = Field(description="`skipped`: there is no text.")
    reason: str = Field(description="Why the page is skipped; else empty.")
    text: str = Field(description="Paragraphs, a line each.")
    language: str = Field(description="ISO 639-1 code, or `und` when it could not be told.")


class Text(BaseModel):
    pages: list[TextPage] = Field(description="Every page, skipped ones too.")


@job_type(
    "extract_text",
    policy=Policy(max_attempts=3, timeout_s=900),
    example={"file": "01970000-0000-7000-8000-000000000000"},
)
def extract_text(input: TextInput, ctx: BlockingContext) -> Text:
    """Turn a document into clean text, page by page, each with its language."""

    @version("layer-1")
    def read_layers(file_id: str) -> list[dict[str, Any] | None]:
        # In the step: when the job goes on after its scans it does not begin at nought again.
        ctx.progress(0, step="reading pages")
        with open_sheets(ctx.file_path(file_id), max_pages=MAX_PAGES) as sheets:
            found: list[dict[str, Any] | None] = []
            for page in range(1, sheets.count + 1):
                read = layer_of(sheets, page, "text")
                found.append(None if read is None else read.model_dump())
                if page % AT_ONCE == 0:
                    # Scans are not read yet.
                    read_ones = len(found) - found.count(None)
                    ctx.progress(100 * read_ones / sheets.count, step="reading pages",
                                 done=read_ones, total=sheets.count)  # fmt: skip
            return found

    layers = ctx.step("text layer", read_layers, str(input.file))
    scans = [
        Child("read_page", {"file": str(input.file), "page": page, "want": "text",
                            "languages": input.languages})
        for page, read in enumerate(layers, start=1)
        if read is None
    ]  # fmt: skip
    if scans:
        read, total = len(layers) - len(scans), len(layers)
        ctx.progress(100 * read / total, step="pages", done=read, total=total)
    outcomes = iter(ctx.children("pages", scans) if scans else ())
    pages = [
        PageRead.model_validate(read) if read is not None else outcome_of(next(outcomes))
        for read in layers
    ]
    failed = sum(has_failed(page) for page in pages)
    ctx.progress(100, step="pages", done=len(pages) - failed, failed=failed, total=len(pages))
    texts = clean_by_page([(number, page.text) for number, page in enumerate(pages, start=1)])
    return Text(
        pages=[
            TextPage(
                page_number=number,
                status=page.status,
                reason=page.reason,
                text=texts[number],
                language=detect_language(texts[number]) if texts[number] else UNDETERMINED,
            )
            for number, page in enumerate(pages, start=1)
        ]
    )
