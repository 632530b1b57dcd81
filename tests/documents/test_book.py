"""A PDF as a reader sees it."""

import io

import pytest
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from haulage.documents.book import read_book
from haulage.documents.errors import NoText


def printed(*pages: str) -> bytes:
    """A PDF of these pages with a running head and page numbers; "scan" makes an image of one."""
    stream = io.BytesIO()
    canvas = Canvas(stream, invariant=1)
    for number, text in enumerate(pages, start=1):
        if text == "scan":
            canvas.drawImage(ImageReader(Image.new("L", (20, 20))), 0, 0, 300, 500)
        else:
            canvas.drawString(200, 780, "LE GRAND PHARE")
            for index, line in enumerate(text.split("\n")):
                canvas.drawString(72, 740 - 15 * index, line)
            canvas.drawString(280, 40, f"— {number} —")
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def test_a_sentence_belongs_to_the_page_on_which_it_begins():
    book = read_book(
        printed(
            "La mer montait lentement vers les maisons du quai. Le gardien, qui extra-",
            "ordinairement dormait, ne vit rien du tout cette nuit. Au matin on le chercha",
            "partout. Le phare était vide.",
        )
    )

    assert book.sentences == (
        (
            "La mer montait lentement vers les maisons du quai.",
            "Le gardien, qui extraordinairement dormait, ne vit rien du tout cette nuit.",
        ),
        ("Au matin on le chercha partout.",),
        ("Le phare était vide.",),
    )


def test_a_scanned_page_is_a_fault_and_the_others_are_read():
    book = read_book(printed("Le vent tomba.", "scan", "Puis la pluie vint.", "Il neigea."))

    assert [fault.page for fault in book.faults] == [2]
    assert book.sentences == (("Le vent tomba.",), (), ("Puis la pluie vint.",), ("Il neigea.",))


def test_the_language_is_told():
    assert read_book(printed("Le vent tomba avant la nuit, et la mer se calma.")).language == "fr"


def test_a_scan_without_any_text_layer_says_so():
    with pytest.raises(NoText, match="image without a text layer"):
        read_book(printed("scan", "scan"))


def test_blank_pages_alone_are_no_book():
    stream = io.BytesIO()
    canvas = Canvas(stream, invariant=1)
    canvas.showPage()
    canvas.save()

    with pytest.raises(NoText, match="no text"):
        read_book(stream.getvalue())
