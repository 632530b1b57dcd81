"""The chunk table of row E1."""

import pytest

from haulage.documents.chunks import TABLE, cut_of, plan_chunks, read_table


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


@pytest.mark.parametrize(("pages", "at_once"), [(30, 1), (31, 3), (100, 3), (101, 5), (900, 5)])
def test_more_chunks_are_under_way_in_longer_documents(pages, at_once):
    assert cut_of(pages).at_once == at_once


def test_a_table_is_read_from_words():
    assert read_table(" 30=30x1, 100=20x3,500=15x5") == TABLE


@pytest.mark.parametrize("words", ["", "30", "30=0x1", "30=30x0", "100=20x3,30=30x1", "a=bxc"])
def test_a_table_that_is_none_is_refused(words):
    with pytest.raises(ValueError, match=r"row|least|longer"):
        read_table(words)
