"""Lines with places and styles, out of a PDF's text layer."""

import io

import pytest
from reportlab.pdfgen.canvas import Canvas

from haulage.documents.sheets import open_sheets


def lines_of(draw, *, rotation=0, size=(400, 600)):
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=size, invariant=1)
    canvas.setPageRotation(rotation)
    draw(canvas)
    canvas.showPage()
    canvas.save()
    with open_sheets(stream.getvalue()) as sheets:
        return sheets.printed(1)


def test_a_line_has_its_place_its_size_and_its_style():
    def draw(canvas):
        canvas.setFont("Times-BoldItalic", 20)
        canvas.drawString(50, 500, "Un titolo")

    (line,) = lines_of(draw).lines

    assert (line.text, line.size, line.bold, line.italic) == ("Un titolo", 20, True, True)
    assert line.left == pytest.approx(50, abs=2)
    assert line.top < 100 < line.bottom


def test_a_gap_as_wide_as_a_gutter_parts_a_line():
    def draw(canvas):
        canvas.drawString(50, 500, "colonna sinistra")
        canvas.drawString(170, 500, "colonna destra")

    assert [line.text for line in lines_of(draw).lines] == ["colonna sinistra", "colonna destra"]


def test_a_word_broken_at_a_lines_end_keeps_its_hyphen_and_its_two_lines():
    def draw(canvas):
        canvas.drawString(50, 500, "la lanterna illu-")
        canvas.drawString(50, 488, "minava il golfo")

    assert [line.text for line in lines_of(draw).lines] == ["la lanterna illu-", "minava il golfo"]


@pytest.mark.parametrize(("rotation", "angle"), [(90, 90), (180, 180), (270, 270)])
def test_a_rotated_page_is_read_upright(rotation, angle):
    def draw(canvas):
        canvas.translate(200, 300)
        canvas.rotate(angle)
        canvas.drawString(-100, 20, "la prima riga")
        canvas.drawString(-100, 0, "la seconda riga")

    first, second = lines_of(draw, rotation=rotation).lines

    assert (first.text, second.text) == ("la prima riga", "la seconda riga")
    assert second.top - first.top == pytest.approx(20, abs=1)
    assert first.left == pytest.approx(second.left, abs=2)


def test_a_page_without_anything_on_it_has_no_lines():
    assert lines_of(lambda canvas: None).lines == ()


def test_a_page_that_shows_things_without_text_has_no_layer():
    assert lines_of(lambda canvas: canvas.rect(50, 50, 200, 200, fill=1)) is None
