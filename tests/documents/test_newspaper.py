"""An article's subjects and summary."""

from haulage.documents.layout import Article
from haulage.documents.newspaper import digest


def test_a_summary_begins_with_its_first_word_and_not_with_the_dash_after_place_and_day():
    body = (
        "VALDORA, 14 maggio. — Una folla festosa ha salutato ieri mattina il convoglio elettrico "
        "della linea che unisce la città alla costa."
    )
    assert digest(Article("Il treno", "", "", body)).summary.startswith("Una folla festosa")
