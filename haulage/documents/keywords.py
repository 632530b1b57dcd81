"""What a text is about, as a few of its own words."""

import re
from collections import Counter

from haulage.documents.stop_words import stop_words

_WORD = re.compile(r"[^\W\d_]+")
_SHORTEST = 4
# A cheap stem: the forms of a word meet in their first letters.
_STEM = 6
_IN_TITLE = 3.0
# Only said once, a word is no subject, unless the title says it too.
_LEAST = 2.0


def keywords(title: str, body: str, *, language: str, most: int = 4) -> list[str]:
    """Up to `most` words, lower case, the weightiest first: said often, and in the title."""
    dull = stop_words(language)
    weights: Counter[str] = Counter()
    forms: dict[str, Counter[str]] = {}
    for text, weight in ((title, _IN_TITLE), (body, 1.0)):
        for word in _WORD.findall(text):
            if len(word) < _SHORTEST or word.casefold() in dull:
                continue
            stem = word.casefold()[:_STEM]
            weights[stem] += weight  # type: ignore[assignment]
            forms.setdefault(stem, Counter())[word.lower()] += 1
    ranked = sorted(weights, key=lambda stem: (-weights[stem], stem))
    return [forms[stem].most_common(1)[0][0] for stem in ranked[:most] if weights[stem] >= _LEAST]
