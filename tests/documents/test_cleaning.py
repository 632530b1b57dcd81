"""From printed lines back to running text."""

from haulage.documents.cleaning import clean_pages, clean_text, drop_furniture

FULL = "Une ligne pleine du texte courant qui va jusqu'au bout de la mesure"


def paragraphs(*pages: str) -> list[str]:
    return [paragraph.text for paragraph in clean_pages(list(enumerate(pages, start=1)))]


def test_hard_line_breaks_are_undone():
    assert paragraphs(f"{FULL}\n{FULL}\net finit ici.") == [f"{FULL} {FULL} et finit ici."]


def test_a_short_last_line_ends_its_paragraph():
    assert len(paragraphs(f"{FULL}\nfini.\nUn autre paragraphe commence {FULL}\nfini aussi.")) == 2


def test_a_spoken_line_is_a_paragraph_of_its_own():
    text = f"{FULL} et il dit:\n— Entrez!\n— Non, répondit-elle, je préfère rester {FULL}\ndehors."

    assert [paragraph[:8] for paragraph in paragraphs(text)[1:]] == ["— Entrez", "— Non, r"]


def test_a_dash_within_a_sentence_breaks_nothing():
    assert len(paragraphs(f"{FULL} la maison\n— une ruine {FULL} —\nfut vendue.")) == 1


def test_headings_stand_alone():
    text = f"CHAPITRE II\nLa lampe\n{FULL}\n{FULL}\nfin.\nIII\n{FULL}"

    assert paragraphs(text) == ["CHAPITRE II", "La lampe", f"{FULL} {FULL} fin.", "III", FULL]


def test_a_line_that_begins_with_a_word_for_chapter_is_prose():
    assert len(paragraphs(f"{FULL} il jouait une\npartie de bouchon dans la grange {FULL}.")) == 1


def test_a_paragraph_goes_on_over_the_page_and_knows_where():
    (paragraph,) = clean_pages([(1, f"{FULL}\n{FULL}"), (2, f"suite {FULL}\nfin.")])

    assert paragraph.page_at(0) == 1
    assert paragraph.page_at(paragraph.text.index("suite") - 2) == 1
    assert paragraph.page_at(paragraph.text.index("suite")) == 2


def test_a_missing_page_ends_the_paragraph():
    assert len(clean_pages([(1, f"{FULL}\n{FULL}"), (3, f"autre {FULL}\nfin.")])) == 2


def test_a_word_hyphenated_over_the_page_is_whole_again():
    assert paragraphs(f"{FULL} extraor-", f"dinaire {FULL}.") == [f"{FULL} extraordinaire {FULL}."]


def test_hyphens_of_the_language_stay():
    lines = "Oui, répondit-\nelle, avec grand-\npeine, peut-\nêtre à Saint-\nMalo en 1914-\n1918."

    assert paragraphs(lines) == [
        "Oui, répondit-elle, avec grand-peine, peut-être à Saint-Malo en 1914-1918."
    ]


def test_the_book_itself_tells_how_a_word_is_written():
    text = "un porte-\nmanteau et un porte-\nfeuille; le porte-manteau, le portefeuille"

    assert paragraphs(text) == [
        "un porte-manteau et un portefeuille; le porte-manteau, le portefeuille"
    ]


def test_soft_hyphens_go():
    assert paragraphs("extraor\u00ad\ndinaire") == ["extraordinaire"]


def test_running_heads_and_page_numbers_go():
    pages = [
        [f"— {page} —", "MON ROMAN" if page % 2 else "Auteur", f"texte {word}", "", f"suite {word}"]
        for page, word in enumerate("abcdefgh", start=1)
    ]

    assert drop_furniture(list(enumerate(pages, start=1))) == [
        [f"texte {word}", "", f"suite {word}"] for word in "abcdefgh"
    ]


def test_numbers_at_the_foot_and_in_the_head_line_go():
    pages = [[f"MON ROMAN {page}", f"texte {page}x", f"Page {page} / 9"] for page in range(1, 10)]

    assert drop_furniture(list(enumerate(pages, start=1))) == [
        [f"texte {page}x"] for page in range(1, 10)
    ]


def test_a_number_that_does_not_count_pages_stays():
    pages = [["1857", "texte"], ["autre"], ["encore"]]

    assert drop_furniture(list(enumerate(pages, start=1))) == pages


def test_a_line_that_comes_back_far_apart_is_no_running_head():
    pages = [[f"début {page}x", "milieu", f"fin {page}y"] for page in range(30)]
    for page in (2, 14, 27):
        pages[page][0] = "— Oui."

    assert [lines[0] for lines in drop_furniture(list(enumerate(pages, start=1)))].count(
        "— Oui."
    ) == 3


def test_text_with_one_line_per_paragraph_keeps_its_paragraphs():
    long = "mot " * 60 + "fin."

    assert clean_text(f"{long}\n{long}") == [long, long]


def test_blank_lines_part_paragraphs():
    assert clean_text("un\n\ndeux\n \n\ntrois") == ["un", "deux", "trois"]


def test_nothing_gives_nothing():
    assert clean_text(" \n ") == []
    assert clean_pages([]) == []
