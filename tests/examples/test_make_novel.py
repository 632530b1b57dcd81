"""The example novel is a novel: printed like one, and readable back."""

import importlib.util
import re
import sys
from collections import Counter
from pathlib import Path

import pytest

from haulage.documents.book import read_book
from haulage.documents.pdf import page_count, page_texts

SCRIPT = Path(__file__).parents[2] / "examples" / "make_novel.py"


def load():
    spec = importlib.util.spec_from_file_location("make_novel", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_novel"] = module
    spec.loader.exec_module(module)
    return module


make_novel = load().make_novel


@pytest.fixture(scope="module")
def sixty() -> bytes:
    return make_novel(60)


@pytest.mark.parametrize("pages", [1, 2, 3, 9, 31, 60, 101])
def test_it_has_exactly_the_pages_asked_for(pages):
    assert page_count(make_novel(pages)) == pages


def test_a_novel_without_pages_is_refused():
    with pytest.raises(ValueError, match="at least one page"):
        make_novel(0)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_novel():
    assert make_novel(3, seed=5) == make_novel(3, seed=5)
    assert make_novel(3, seed=5) != make_novel(3, seed=6)


def test_it_is_printed_with_heads_numbers_chapters_and_hyphens(sixty):
    pages = [page.text for page in page_texts(sixty)]

    assert all(f"— {number} —" in page for number, page in enumerate(pages, start=1))
    assert sum("LES HEURES DE KERVADEC" in page for page in pages) > 20
    assert sum("CHAPITRE" in page for page in pages) >= 7
    assert sum(len(re.findall(r"\w-\n[a-zé]", page)) for page in pages) > 60


def test_every_page_is_full_of_sentences_and_nothing_else(sixty):
    book = read_book(sixty)
    text = " ".join(sentence for page in book.sentences for sentence in page)

    assert book.language == "fr"
    assert book.faults == ()
    assert all(len(page) >= 3 for page in book.sentences)
    assert "KERVADEC" not in text
    assert not re.search(r"— \d+ —|[{}]|\w- \w", text)


def test_words_broken_at_line_ends_are_whole_again(sixty):
    """Every word that is read back is a word that was written."""
    written = SCRIPT.with_name("novel.toml").read_text(encoding="utf-8").lower()
    known = set(re.findall(r"[^\W\d_]+", written))
    book = read_book(sixty)
    read = Counter(
        word
        for page in book.sentences
        for sentence in page
        for word in re.findall(r"[^\W\d_]+", sentence.lower())
    )
    roman = {word for word in read if re.fullmatch(r"[ivxlc]+", word)}

    # Agreement, a capital and the chapters' own words are what the file does not spell out.
    strangers = (
        set(read) - known - roman - {"chapitre", "fin", "assise", "arrivée", "aimée", "seule"}
    )
    assert strangers == set()


def test_no_sentence_comes_back_within_a_page(sixty):
    for sentences in read_book(sixty).sentences:
        long = [sentence for sentence in sentences if len(sentence.split()) > 8]
        assert len(long) == len(set(long))


def test_names_are_elided_and_sentences_begin_with_a_capital(sixty):
    text = " ".join(sentence for page in read_book(sixty).sentences for sentence in page)

    assert not re.search(r"\b(?:de|que) (?:Anselme|Élise|Yves|il|une?)\b", text)
    assert not re.search(r"[.!?] la veuve", text)
