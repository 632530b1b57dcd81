"""The chunk table of row E1."""

import pytest

from haulage.documents.chunks import plan_chunks


@pytest.mark.parametrize(
    ("pages", "chunks"),
    [(1, 1), (30, 1), (31, 2), (60, 3), (100, 5), (101, 7), (392, 27), (500, 34), (501, 34)],
)
def test_the_number_of_chunks_follows_the_table(pages, chunks):
    assert len(plan_chunks(pages)) == chunks


@pytest.mark.parametrize("pages", [1, 30, 31, 99, 101, 392, 1_000])
def test_every_page_has_exactly_one_owner(pages):
    assert [page for chunk in plan_chunks(pages) for page in chunk.pages] == list(
        range(1, pages + 1)
    )


def test_a_chunk_sees_one_page_more_but_the_last_one():
    chunks = plan_chunks(50)

    assert [(chunk.last_page, chunk.context_page) for chunk in chunks] == [
        (20, 21),
        (40, 41),
        (50, None),
    ]


def test_a_document_without_pages_is_a_programming_fault():
    with pytest.raises(ValueError, match="at least one page"):
        plan_chunks(0)
