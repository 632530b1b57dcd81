"""Long sentences cut into short ones: split, not rewritten.

Promises: no piece is longer than the limit, and the pieces joined by blanks are the sentence again,
word for word. Cuts fall where a reader would pause: after `;` and `:`, at commas, before a
conjunction or a relative pronoun, then before a preposition; only where nothing else helps, between
two plain words. The best set of cuts is found by dynamic programming over all of them.
"""

from itertools import pairwise

from haulage.documents.sentences import is_abbreviation

MIN_WORDS = 2

# French, Italian, English; what is left of an elision (`qu'`, `d'`) stands without its apostrophe.
_BEFORE_CLAUSES = """
et mais ou donc or ni car puis qui que qu quoi dont où quand lorsque lorsqu puisque puisqu parce
tandis comme si afin quoique quoiqu alors ainsi jusqu
e ed ma o oppure però perché poiché dunque quindi che cui quale quali quando mentre come se affinché
benché dove allora anche anziché
and but or nor for so yet because although though while when where which who whom whose that if as
since until unless whereas then
"""
_BEFORE_PLACES = """
dans pour avec sur sous sans par vers chez après avant pendant depuis contre entre devant derrière
malgré selon durant dès parmi en
in con su per tra fra nel nella nei nelle sul sulla sui sulle senza verso dopo prima durante contro
sopra sotto
into with on at by from of over under between among through after before during without against
toward towards upon about
"""
_BEFORE_OWNERS = """
de du des d à au aux
del della dei degli delle dello al alla ai alle dal dalla di da
to
"""
_CONJUNCTIONS = frozenset(_BEFORE_CLAUSES.split())
_PREPOSITIONS = frozenset(_BEFORE_PLACES.split())
_LINKS = frozenset(_BEFORE_OWNERS.split())
_PAUSES = (";", ":", ".", "!", "?", "…")
_CLOSING = "»”’\"')]"
_OPENING = "«“‘\"'([—–_"

# The cost of a cut by what stands at it, and of a piece too short to read as a sentence.
_AT_STOP, _AT_COMMA, _AT_CONJUNCTION, _AT_PREPOSITION, _AT_LINK = 0.0, 1.0, 3.0, 5.0, 8.0
_ANYWHERE, _NEVER = 12.0, 60.0
_PER_CUT, _STUMP, _STUMP_WORDS, _UNEVEN = 1.0, 3.0, 2, 0.5


def split_clauses(sentence: str, max_words: int) -> list[str]:
    """Pieces of at most `max_words` words (separated by white space), in order.

    Raises ValueError when `max_words` is below `MIN_WORDS`.
    """
    if max_words < MIN_WORDS:
        raise ValueError(f"a sentence of fewer than {MIN_WORDS} words is none")
    words = sentence.split()
    if len(words) <= max_words:
        return [" ".join(words)] if words else []
    cuts = _best_cuts(words, max_words)
    return [" ".join(words[start:end]) for start, end in pairwise(cuts)]


def _best_cuts(words: list[str], max_words: int) -> list[int]:
    count = len(words)
    cost = [0.0] + [float("inf")] * count
    came_from = [0] * (count + 1)
    for end in range(1, count + 1):
        at_end = 0.0 if end == count else _PER_CUT + _cut_cost(words[end - 1], words[end])
        for start in range(max(0, end - max_words), end):
            size = end - start
            # Of equal cuts the even ones: nine words and nine, not fifteen and three.
            uneven = _UNEVEN * ((max_words - size) / max_words) ** 2
            total = cost[start] + at_end + uneven + (_STUMP if size <= _STUMP_WORDS else 0.0)
            if total < cost[end]:
                cost[end], came_from[end] = total, start
    cuts = [count]
    while cuts[-1]:
        cuts.append(came_from[cuts[-1]])
    return cuts[::-1]


def _cut_cost(before: str, after: str) -> float:
    """What it costs the reader to pause between these two words."""
    if not any(letter.isalnum() for letter in after) and after[0] not in _OPENING:
        return _NEVER  # French sets a blank before ! ? ; : and »; they belong to the word before
    if before in _OPENING:
        return _NEVER
    bare = before.rstrip(_CLOSING) or before
    lead = after.lower().lstrip(_OPENING).replace("’", "'").partition("'")[0].rstrip(",;:.")
    if bare.endswith(".") and is_abbreviation(bare[:-1].lstrip(_OPENING), before=after):
        return _NEVER
    if bare.endswith(_PAUSES):
        return _AT_STOP
    if before.endswith(",") or bare.endswith(",") or after[0] in "—–(" or before in "—–":
        return _AT_COMMA if lead not in _CONJUNCTIONS else _AT_COMMA / 2
    if lead in _CONJUNCTIONS:
        return _AT_CONJUNCTION
    if lead in _PREPOSITIONS:
        return _AT_PREPOSITION
    return _AT_LINK if lead in _LINKS else _ANYWHERE
