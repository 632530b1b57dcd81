"""A model that sees: believed when its answer can be the page's, asked once more when not."""

import pytest

from haulage.documents.layout import ADVERTISEMENT, RuleLayout
from haulage.documents.print import Line, PrintedPage
from haulage.documents.vision import SeenPages, Unseen, VisionLayout

WORDS = [
    *("ancora", "barche", "carbone", "domenica", "elettrico", "fontana", "giardino", "lanterna"),
    *("mattina", "nebbia", "operai", "pescatori", "quaranta", "regata", "scalone", "torrente"),
    *("ufficio", "vapore", "autunno", "bicicletta", "campanile", "direttrice", "estate", "farina"),
    *("ghiaccio", "inverno", "lavatoio", "mercato", "notizie", "orologio"),
]
OTHERS = [word[::-1] for word in WORDS]


def page(words=(), number=2) -> PrintedPage:
    lines = tuple(
        Line(" ".join(words[start : start + 5]), 50, 100 + 12 * start / 5, 250, 110, 10)
        for start in range(0, len(words), 5)
    )
    return PrintedPage(number, 600, 800, lines)


def answer(words=WORDS, *, number=2, kind="articles", pages=1, date="") -> SeenPages:
    article = {
        "title": "Titolo", "subtitle": "", "author": "Ada Neri", "body": " ".join(words),
        "topics": ["porto"], "summary": "Breve.",
    }  # fmt: skip
    one = {
        "page_number": number,
        "kind": kind,
        "issue_date": date,
        "articles": [article] if kind == "articles" else [],
    }
    return SeenPages.model_validate({"pages": [one] * pages})


class Model:
    """Gives its answers one after the other."""

    def __init__(self, *answers) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    def __call__(self, question: str) -> SeenPages:
        self.asked.append(question)
        said = self.answers.pop(0)
        if isinstance(said, Exception):
            raise said
        return said


def look(model: Model, printed: PrintedPage):
    layout = VisionLayout(model, rules=RuleLayout())
    return layout, layout.articles(printed)


def test_an_answer_that_can_be_the_pages_is_believed():
    model = Model(answer())
    _, found = look(model, page(WORDS))

    (article,) = found.articles
    assert (article.title, article.author, article.topics) == ("Titolo", "Ada Neri", ("porto",))
    assert "page 2" in model.asked[0]
    assert len(model.asked) == 1


def test_an_advertisement_is_skipped_with_that_reason():
    _, found = look(Model(answer(kind="advertisement")), page())

    assert (found.articles, found.reason) == ((), ADVERTISEMENT)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (answer(pages=3), "3 pages where one was shown"),
        (answer(number=7), "about page 7, not 2"),
        (answer(OTHERS), "not on this page"),
        (answer(kind="blank"), "on which there is text"),
    ],
    ids=["too many pages", "another page", "text of another page", "blank"],
)
def test_an_answer_that_cannot_be_the_pages_is_asked_once_more_with_what_was_wrong(wrong, said):
    model = Model(wrong, answer())
    layout, found = look(model, page(WORDS))

    assert said in model.asked[1]
    assert found.articles[0].title == "Titolo"
    assert layout.doubt == ""


def test_two_wrong_answers_leave_the_page_to_the_rules():
    model = Model(answer(number=7), answer(number=7))
    layout, found = look(model, page(WORDS * 3))

    assert len(model.asked) == 2
    assert found.articles[0].body.startswith("ancora barche carbone")
    assert "about page 7" in layout.doubt


def test_an_answer_that_cannot_be_read_is_not_asked_for_again_here():
    model = Model(Unseen("The answer does not fit."))
    _, found = look(model, page(WORDS * 3))

    assert len(model.asked) == 1
    assert found.articles[0].title == ""


def test_without_text_for_the_rules_the_page_is_skipped_with_the_reason():
    _, found = look(Model(answer(pages=2), answer(pages=2)), page())

    assert found.reason.startswith(
        "conversion failed: the model's answer was wrong: It has 2 pages"
    )


def test_what_is_not_known_of_a_page_is_no_reason_for_doubt():
    _, found = look(Model(answer()), page())

    assert found.articles[0].title == "Titolo"
