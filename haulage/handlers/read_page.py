"""`read_page`: one page of an uploaded file, read to the end. What larger jobs spawn for scans.

OCR keeps a core busy for seconds and may take a process with it on a hostile page; as a job of its
own a page runs beside others, on any cpu worker, and fails alone.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from haulage.documents.language import detect_language
from haulage.documents.layout import BLANK, NOTHING_TO_TAKE, Article, PageLayout, RuleLayout
from haulage.documents.newspaper import digest
from haulage.documents.ocr import Recogniser
from haulage.documents.reading import (
    FAILED,
    ReadPage,
    articles_on,
    articles_seen,
    date_on,
    picture_of,
    read_layer,
    read_scan,
)
from haulage.documents.sheets import Sheets, open_sheets
from haulage.documents.vision import SeenPages, Unseen, VisionLayout
from haulage.domain.context import BlockingContext, ChildOutcome, version
from haulage.domain.errors import NotRetryable
from haulage.domain.file_ids import FileId
from haulage.domain.job_type import Policy, job_type
from haulage.domain.language_model import Message, ModelNames, Picture
from haulage.domain.provider_errors import BadOutput, OutputCut, ProviderRefused

MAX_PAGES = 2_000
Want = Literal["articles", "text"]
# What a page's articles take as JSON; a dense broadsheet has some 8,000 words.
MAX_ANSWER_TOKENS = 16_000
MODEL = (
    "A model that sees finds the articles: `provider:model`, `quality`, or several in turn. Left "
    "out, or `local`: rules do, which ask nobody."
)


class PageInput(BaseModel):
    model_config = ConfigDict(extra="forbid")

    file: FileId = Field(description="Id of an uploaded PDF, PNG, JPEG or TIFF.")
    page: int = Field(default=1, ge=1, description="Which of the file's pages, from 1.")
    want: Want = Field(
        default="text", description="`articles`: read the page as a newspaper's; `text`: as text."
    )
    languages: list[str] = Field(
        default_factory=list,
        max_length=5,
        description="ISO 639-1 codes that OCR reads in; left out: any that it has data of.",
    )
    model: ModelNames = Field(default=None, description=MODEL)


class Rectangle(BaseModel):
    left: float = Field(description="From the page's left edge, as a share of its width.")
    top: float = Field(description="From the page's upper edge, as a share of its height.")
    right: float
    bottom: float


class PageArticle(BaseModel):
    title: str = Field(default="", description="The headline.")
    subtitle: str = Field(default="", description="What stands between headline and text.")
    author: str = Field(default="", description="Who signed it.")
    body: str = Field(description="The text; paragraphs end with a line break.")
    topics: list[str] = Field(default_factory=list, description="What it is about, in few words.")
    summary: str = Field(default="", description="A sentence or two out of it.")
    boxes: list[Rectangle] | None = Field(
        default=None,
        description="Where on the page, as its file shows it, the article stands: its headline, "
        "then each column. Null where a model found it.",
    )


class PageRead(BaseModel):
    status: Literal["processed", "skipped"] = "processed"
    reason: str = Field(default="", description="Why the page is skipped.")
    source: str = Field(
        default="", description="`text`: the text layer; an OCR engine; or the model that saw it."
    )
    language: str = Field(default="und", description="ISO 639-1 code, or `und`.")
    text: str = Field(default="", description="The page's text in reading order.")
    articles: list[PageArticle] = Field(default_factory=list)
    date: str = Field(default="", description="The day printed in the page's head, ISO 8601.")


@job_type(
    "read_page",
    policy=Policy(max_attempts=2, timeout_s=300, max_crashes=2),
    example={"file": "01970000-0000-7000-8000-000000000000", "page": 1, "want": "articles"},
)
def read_page(input: PageInput, ctx: BlockingContext) -> PageRead:
    """Read one page of a PDF or an image: its text layer, or by OCR where it has none."""
    file = ctx.file_path(input.file)
    with open_sheets(file, max_pages=MAX_PAGES) as sheets:
        ctx.progress(0, step="reading")
        if input.page > sheets.count:
            raise NotRetryable(f"The file has {sheets.count} pages; there is no {input.page}.")
        read = read_layer(sheets, input.page) or read_scan(
            sheets, input.page, Recogniser(input.languages)
        )
        models = _models(input, ctx)
        picture = picture_of(sheets, input.page) if models and not read.blank else None
    if picture is None:
        return report(read, input.want)
    return _seen(input, ctx, read, file.sha256, models, picture)


def layer_of(sheets: Sheets, page: int, want: Want) -> PageRead | None:
    """The page by its text layer alone; None when it takes a job of its own."""
    read = read_layer(sheets, page)
    return None if read is None else report(read, want)


def outcome_of(child: ChildOutcome) -> PageRead:
    """What a page's own job brought; a job that failed is a page that is skipped."""
    if child.succeeded:
        return PageRead.model_validate(child.result)
    said = (child.error or {}).get("message") or f"its job {child.job_id} was {child.state}"
    return PageRead(status="skipped", reason=f"{FAILED}: {said}")


def has_failed(page: PageRead) -> bool:
    """Whether the page is skipped although there may be something on it."""
    return page.status == "skipped" and page.reason not in NOTHING_TO_TAKE


def report(read: ReadPage, want: Want) -> PageRead:
    """What a page that was read says."""
    if read.printed is None:
        return PageRead(status="skipped", reason=read.reason)
    if want == "text":
        if not read.printed.lines:
            return PageRead(status="skipped", reason=BLANK)
        text = RuleLayout().text(read.printed)
        return PageRead(source=read.printed.source, language=detect_language(text), text=text)
    return _laid_out(articles_on(read, RuleLayout()), read.printed.source)


def _models(input: PageInput, ctx: BlockingContext) -> tuple[str, ...]:
    if input.model is None or input.want != "articles":
        return ()
    return ctx.models_for(input.model).models


def _seen(
    input: PageInput,
    ctx: BlockingContext,
    read: ReadPage,
    sha256: str,
    models: tuple[str, ...],
    picture: bytes,
) -> PageRead:
    """The page as a model sees it. What was paid for is remembered: a step for each question."""
    ctx.progress(50, step="looking at the page")

    @version("look-1")
    def look(asked: dict[str, Any]) -> dict[str, Any]:
        question = Message("user", asked["question"], (Picture("image/png", picture),))
        answer = ctx.chat(models, [question], output=SeenPages, max_tokens=MAX_ANSWER_TOKENS)
        return {"model": f"{answer.provider}:{answer.model}", "pages": answer.value.model_dump()}

    seen_by = ""

    def ask(question: str) -> SeenPages:
        nonlocal seen_by
        asked = {"sha256": sha256, "page": input.page, "models": models, "question": question}
        try:
            value = ctx.step("look", look, asked)
        except (BadOutput, OutputCut, ProviderRefused) as error:
            raise Unseen(str(error)) from error
        seen_by = value["model"]
        return SeenPages.model_validate(value["pages"])

    layout = VisionLayout(ask, rules=RuleLayout())
    found = articles_seen(read, layout)
    if layout.doubt:
        ctx.log("The model was not believed; rules instead.", page=input.page, why=layout.doubt)
        seen_by = read.printed.source if read.printed else ""
    return _laid_out(found, seen_by)


def _laid_out(found: PageLayout, source: str) -> PageRead:
    return PageRead(
        status="skipped" if found.reason else "processed",
        reason=found.reason,
        source=source,
        language=detect_language(" ".join(one.body for one in found.articles)),
        articles=[_article(one) for one in found.articles],
        date=date_on(found),
    )


def _article(article: Article) -> PageArticle:
    said = digest(article)
    return PageArticle(
        title=article.title,
        subtitle=article.subtitle,
        author=article.author,
        body=article.body,
        topics=list(said.topics),
        summary=said.summary,
        boxes=[
            Rectangle(left=box.left, top=box.top, right=box.right, bottom=box.bottom)
            for box in article.boxes
        ]
        or None,
    )
