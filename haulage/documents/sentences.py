"""Where sentences end, for French, Italian and English prose.

Rules and an abbreviation list, no model. Promises: the sentences, joined by a blank, are the text
with its white space normalised; no character is lost or moved. Does not promise perfection where
only the meaning tells (`U.S. Army`, a name after `etc.`).
"""

import re
from collections.abc import Iterator

# Words whose full stop does not end a sentence, without it: French, Italian, English.
_SHORT_FORMS = """
m mm mr mme mmes mlle mlles mgr dr drs ste stes cf p pp env éd op cit vs tél n n° c.-à-d boul r.p
s.m s.a.r s.e j.-c av apr
sig sigg sig.ra sig.na dott dott.ssa prof proff prof.ssa avv ing geom egr spett ecc.mo ill.mo tel
pag pagg
mrs messrs capt lt sgt e.g i.e viz approx
"""
# These are also words that end sentences (`tell me.`, `son sac.`), so they count in capitals only.
_CAPITALISED_FORMS = """
Me St Cav Comm Gent Mons On Rag Sac Arch Ms Rev Hon Gen Col Maj Gov Sen Rep Mt Ft
Jan Feb Mar Apr Jun Jul Aug Sept Oct Nov Dec
"""
# And these only before a number.
_COUNTING_FORMS = "art cap ch chap ed fig no nos num sec t tav vol"
# Short forms that also end sentences: a capital after them decides.
_CLOSING_FORMS = "etc ecc al seq inc ltd co corp jr sr a.m p.m u.s u.k j.-c hab"
_ALWAYS = frozenset(_SHORT_FORMS.split())
_CAPITALISED = frozenset(_CAPITALISED_FORMS.split())
_COUNTING = frozenset(_COUNTING_FORMS.split())
_MAY_END = frozenset(_CLOSING_FORMS.split())

# A full stop, its closing quotes and brackets, and the white space after them. A blank may stand
# before » only: before any other quote it would make that quote an opening one. Possessive, and
# never begun within a run of stops: a megabyte of dots must not take quadratic time.
_STOP = re.compile(r"(?<![.!?…])([.!?…]++)((?:\s?»|[”’\"')\]])*+)(?=\s)")
_OPENING = " \t\n\u00a0\u202f«“‘\"'([—–-¿¡_*"
_INITIAL = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")
_ROMAN = re.compile(r"[IVXLC]+\b")
_LOOK_AHEAD = 40


def split_sentences(text: str) -> list[str]:
    """The sentences of one paragraph, white space normalised."""
    return [" ".join(text[start:end].split()) for start, end in sentence_spans(text)]


def sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where each sentence of one paragraph starts and ends, as offsets into `text`."""
    start = _skip_blanks(text, 0)
    for stop in _STOP.finditer(text):
        if stop.end() <= start or not _ends_here(text, stop):
            continue
        yield start, stop.end()
        start = _skip_blanks(text, stop.end())
    end = len(text.rstrip())
    if start < end:
        yield start, end


def ends_sentence(text: str) -> bool:
    """Whether `text` ends as a sentence ends, its last quotes and brackets aside."""
    return text.rstrip(" \t\n\u00a0\u202f»”’\"')]")[-1:] in tuple(".!?…")


def is_abbreviation(word: str, *, before: str) -> bool:
    """Whether a full stop after `word` belongs to the word; `before` is the text that follows."""
    bare = word.rpartition("'")[2]
    if bare.lower() in _COUNTING:
        return before[:1].isdigit() or bool(_ROMAN.match(before))
    # A single letter is an initial (J. Verne); a Roman numeral counts, and may end a sentence.
    initial = None if _ROMAN.fullmatch(word) else _INITIAL.fullmatch(word)
    return (
        bare.lower() in _ALWAYS
        or word.lower() in _ALWAYS
        or bare in _CAPITALISED
        or initial is not None
    )


def _skip_blanks(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position


def _ends_here(text: str, stop: re.Match[str]) -> bool:
    following = text[stop.end() : stop.end() + _LOOK_AHEAD].lstrip(_OPENING)
    if not following:
        return True
    if following[0].islower():
        return False
    if stop[1] != ".":
        return True
    word = _word_before(text, stop.start())
    return word.lower() in _MAY_END or not is_abbreviation(word, before=following)


def _word_before(text: str, end: int) -> str:
    start = end
    while start > 0 and not text[start - 1].isspace():
        start -= 1
    return text[start:end].lstrip("«“‘\"'([—–-").replace("’", "'")
