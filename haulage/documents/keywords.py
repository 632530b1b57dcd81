"""What a text is about, as a few of its own words."""

import re
from collections import Counter

from haulage.documents.stop_words import stop_words

# What is elided before a word ("ottant'anni") is none; an English genitive leaves one.
_WORD = re.compile(r"[^\W\d_]++(?!['’][^\W\d_]{3})")
_SHORTEST = 4
# A cheap stem: the forms of a word meet in their first letters.
_STEM = 6
_IN_TITLE = 3.0
# Only said once, a word is no subject, unless the title says it too.
_LEAST = 2.0
# They count, date, grade and connect; what a text is about they don't say.
_PALE = """
appena circa anno anni mese mesi giorno giorni settimana settimane ieri domani oggi sera notte
mattina mattino volta volte scorso scorsa prossimo prossima nuovo nuova nuovi nuove grande grandi
piccolo piccola primo prima primi prime secondo seconda terzo terza ultimo ultima altro altra altri
altre vecchio vecchia intero intera fatto fatta detto detti soltanto solo adesso finora piuttosto
davanti farà
cinq sept huit neuf onze douze quinze vingt trente quarante cinquante soixante cent mille quatre
année années mois jour jours semaine semaines hier demain soir nuit matin heure heures dernier
dernière prochain prochaine nouveau nouvelle nouveaux nouvelles grand grands grandes petit petite
petits petites premier première seulement environ maintenant jamais
three four five seven eight nine eleven twelve fifteen twenty thirty forty fifty sixty hundred
thousand year years month months week weeks days today yesterday tomorrow night morning evening last
next first second third great large small little many several around almost already said
"""
_PALE_WORDS = frozenset(_PALE.split())
# Italian writes its numbers in one word: "ventimila", "centodieci".
_NUMBER = re.compile(
    "(?:uno?|due|tre|quattro|cinque|sei|sette|otto|nove|dieci|(?:un|do|tre|quattor|quin|se)dici|"
    "dicias?n?(?:sette|otto|nove)|venti?|(?:tren|quaran|cinquan|sessan|settan|ottan|novan)ta?|"
    "cento?|mille|mila)+"
)


def keywords(title: str, body: str, *, language: str, most: int = 4) -> list[str]:
    """Up to `most` words, lower case, the weightiest first: said often, and in the title."""
    dull = stop_words(language)
    weights: Counter[str] = Counter()
    forms: dict[str, Counter[str]] = {}
    for text, weight in ((title, _IN_TITLE), (body, 1.0)):
        for word in _WORD.findall(text):
            if len(word) < _SHORTEST or word.casefold() in dull or _is_pale(word.casefold()):
                continue
            stem = word.casefold()[:_STEM]
            weights[stem] += weight  # type: ignore[assignment]
            forms.setdefault(stem, Counter())[word.lower()] += 1
    ranked = sorted(weights, key=lambda stem: (-weights[stem], stem))
    return [forms[stem].most_common(1)[0][0] for stem in ranked[:most] if weights[stem] >= _LEAST]


def _is_pale(word: str) -> bool:
    return word in _PALE_WORDS or _NUMBER.fullmatch(word) is not None
