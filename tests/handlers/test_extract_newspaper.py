"""`extract_newspaper`: from files to an issue."""

from datetime import date

import pytest

from examples.make_newspaper import make_newspaper, truth
from haulage.domain.context import Child, ChildOutcome
from haulage.domain.errors import NotRetryable
from haulage.domain.ids import uuid7
from haulage.handlers.extract_newspaper import NewspaperInput, extract_newspaper
from haulage.testing import FakeBlockingContext


@pytest.fixture
def ctx() -> FakeBlockingContext:
    return FakeBlockingContext()


@pytest.fixture(scope="module")
def paper() -> bytes:
    return make_newspaper()


def extract(ctx, *files, **more):
    ids = [ctx.add_file(content, name=name).id for name, content in files]
    return extract_newspaper(NewspaperInput(files=ids, **more), ctx)


def test_an_issue_comes_back_in_the_agreed_shape(ctx, paper):
    result = extract(ctx, ("giornale.pdf", paper)).model_dump(mode="json")

    assert (result["filename"], result["issue_date"]) == ("giornale.pdf", "1950-05-12")
    for page, wanted in zip(result["pages"], truth()["pages"], strict=True):
        assert {key: page[key] for key in ("page_number", "status", "reason")} == {
            key: wanted[key] for key in ("page_number", "status", "reason")
        }
        for article, one in zip(page["articles"], wanted["articles"], strict=True):
            assert all(article[key] == one[key] for key in ("title", "subtitle", "author", "body"))
            assert 1 <= len(article["topics"]) <= 4
            assert article["summary"] in " ".join(article["body"].split()) or article["summary"]
            assert {"left", "top", "right", "bottom"} == set(article["boxes"][0])


def test_several_files_are_one_issue_numbered_through(ctx, paper):
    result = extract(ctx, ("prima.pdf", paper), ("seconda.pdf", paper))

    assert result.filename == "prima.pdf"
    assert [page.page_number for page in result.pages] == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_file_that_cannot_be_opened_is_one_skipped_page(ctx, paper):
    result = extract(ctx, ("rotto.pdf", b"%PDF-1.7"), ("giornale.pdf", paper))

    assert [page.status for page in result.pages[:2]] == ["skipped", "processed"]
    assert result.pages[0].reason.startswith("conversion failed: rotto.pdf: The PDF is cut off")


def test_an_issue_of_which_no_file_can_be_opened_fails_for_good(ctx):
    with pytest.raises(NotRetryable, match="neither a PDF nor"):
        extract(ctx, ("a.docx", b"PK\x03\x04"))


def test_the_caller_knows_the_day_better_than_the_masthead(ctx, paper):
    result = extract(ctx, ("giornale.pdf", paper), issue_date="1951-01-02")

    assert result.issue_date == date(1951, 1, 2)


def test_a_second_attempt_reads_no_file_again(ctx, paper):
    given = NewspaperInput(files=[ctx.add_file(paper, name="giornale.pdf").id])
    first = extract_newspaper(given, ctx)
    read = list(ctx.executed)
    ctx.next_attempt()

    assert extract_newspaper(given, ctx) == first
    assert ctx.executed == read


def test_a_page_whose_job_fails_is_skipped_and_the_others_are_not(paper, scans):
    outcome = ChildOutcome(uuid7(), "failed", error={"message": "out of memory"})
    ctx = FakeBlockingContext(on_child=lambda child: outcome)
    result = extract(ctx, ("giornale_1950-05-12_p1.png", scans[0]), ("giornale.pdf", paper))

    assert result.pages[0].reason == "conversion failed: out of memory"
    assert (ctx.reports[-1].done, ctx.reports[-1].failed) == (4, 1)
    assert result.pages[1].status == "processed"
    assert result.issue_date == date(1950, 5, 12)


@pytest.fixture(scope="module")
def scans() -> list[bytes]:
    from io import BytesIO

    from PIL import Image

    stream = BytesIO()
    Image.new("L", (400, 500), 128).save(stream, "PNG")
    return [stream.getvalue()]


@pytest.mark.parametrize(
    ("kinds", "told"), [(["text"], []), (["scan"], [0.0]), (["text", "scan"], [80.0])]
)
def test_a_job_whose_pages_are_still_to_be_read_is_not_done(paper, scans, kinds, told):
    before = []

    def read(child: Child) -> ChildOutcome:
        before.append(ctx.reports[-1].percent)
        return ChildOutcome(uuid7(), "failed", error={"message": "torn"})

    ctx = FakeBlockingContext(on_child=read)
    extract(ctx, *[("a", paper if kind == "text" else scans[0]) for kind in kinds])

    percents = [report.percent for report in ctx.reports]
    assert before == told
    assert percents == sorted(percents)
    assert percents.index(100) == len(percents) - 1


def test_of_a_file_that_is_cut_off_the_pages_before_the_cut_are_processed(ctx, paper):
    result = extract(ctx, ("tagliato.pdf", paper[: len(paper) * 9 // 10]))

    assert [page.status for page in result.pages[:2]] == ["processed", "processed"]
    assert {page.status for page in result.pages[2:]} == {"skipped"}
    assert result.pages[-1].reason == (
        "conversion failed: The file is cut off here; what follows is missing."
    )
