"""People found by rules, in three languages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haulage.documents.people import find_people, locate

ITALIAN = """BARI - Il sindaco di Bari Vito Leccese ha inaugurato ieri via Giuseppe Verdi. «È un
giorno importante», ha detto Leccese. Con lui l'assessora alla cultura, Paola Romano, e Mario Rossi,
presidente della Fondazione Petruzzelli, che abita in piazza Aldo Moro. Secondo Rossi il teatro
Piccinni riaprirà a marzo. Anna D'Alema non era presente. Il ministro degli Esteri Antonio Tajani
arriverà venerdì. Maria Grazia de Filippi canta a San Marco. La signora Bianchi protesta."""
FRENCH = """Le maire de Saint-Malo, Jean-Pierre Le Goff, a reçu Mme Dupont hier. Charles de Gaulle
avait visité le lycée Jules Ferry. M. Martin, directeur du port, refuse. Anselme Kerven, horloger,
regardait Jeanne. Kerven se tut. La place Victor Hugo était vide. L'élection de Dupont dura."""
ENGLISH = """Mayor Eric Adams met Sarah Connor, director of the harbour museum, on Monday. Connor's
team won. Dr. Watson agreed with Mr. Holmes. "Yes," said Sarah. London Bridge fell. The Victor Hugo
Avenue is long. Peter O'Brien left, and John F. Kennedy stayed."""


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            ITALIAN,
            "Vito Leccese, Paola Romano, Mario Rossi, Anna D'Alema, Antonio Tajani, "
            "Maria Grazia de Filippi, Bianchi",
        ),
        (
            FRENCH,
            "Jean-Pierre Le Goff, Dupont, Charles de Gaulle, Martin, Anselme Kerven, Jeanne",
        ),
        (ENGLISH, "Eric Adams, Sarah Connor, Watson, Holmes, Peter O'Brien, John F. Kennedy"),
    ],
    ids=["it", "fr", "en"],
)
def test_people_are_found_and_streets_schools_and_saints_are_not(text: str, names: str) -> None:
    assert [person.name for person in find_people(text)] == names.split(", ")


@pytest.mark.parametrize(
    ("text", "name", "role"),
    [
        (ITALIAN, "Vito Leccese", "sindaco di Bari"),
        (ITALIAN, "Paola Romano", "assessora alla cultura"),
        (ITALIAN, "Mario Rossi", "presidente della Fondazione Petruzzelli"),
        (ITALIAN, "Antonio Tajani", "ministro degli Esteri"),
        (ITALIAN, "Anna D'Alema", None),
        (FRENCH, "Jean-Pierre Le Goff", "maire de Saint-Malo"),
        (FRENCH, "Martin", "directeur du port"),
        (FRENCH, "Anselme Kerven", "horloger"),
        (ENGLISH, "Sarah Connor", "director of the harbour museum"),
    ],
)
def test_a_role_is_what_the_text_says(text: str, name: str, role: str | None) -> None:
    assert {person.name: person.role for person in find_people(text)}[name] == role


def test_a_surname_or_a_first_name_alone_means_the_person_who_bears_it() -> None:
    people = {person.name: person for person in find_people(ENGLISH)}
    sarah = people["Sarah Connor"]
    said = [ENGLISH[mention.start : mention.end] for mention in sarah.mentions]
    assert said == ["Sarah Connor", "Connor", "Sarah"]
    assert sarah.aliases == ["Connor", "Sarah"]


def test_a_surname_that_two_people_bear_means_neither() -> None:
    people = find_people("Anna Rossi e Mario Rossi arrivano. Poi parla Rossi, e Anna tace.")
    assert [(person.name, len(person.mentions)) for person in people] == [
        ("Anna Rossi", 2),
        ("Mario Rossi", 1),
    ]


@given(st.text(alphabet="Anna Rosi.,«»\n'dMre Bt", max_size=150))
def test_mentions_lie_in_the_text_in_order_and_apart(text: str) -> None:
    for person in find_people(text):
        forms = {person.name, *person.aliases}
        end = 0
        for mention in person.mentions:
            assert " ".join(text[mention.start : mention.end].split()) in forms
            assert mention.start >= end
            end = mention.end


def test_a_longer_name_goes_before_a_shorter_one_within_it() -> None:
    [[first], [second]] = locate("Anna Rossi, then Anna.", [["Anna Rossi"], ["Anna"]])
    assert (first.start, first.end) == (0, 10)
    assert second.start == 17


def test_a_name_is_found_over_a_line_break_and_not_inside_a_word() -> None:
    [mentions] = locate("Anna\nRossi met Annabel Rossini.", [["Anna Rossi", "Anna"]])
    assert [(one.start, one.end) for one in mentions] == [(0, 10)]
