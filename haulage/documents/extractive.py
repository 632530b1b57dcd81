"""A summary made of the text's own most central sentences, in their own order.

LexRank with continuous edges: Erkan and Radev, "LexRank: Graph-based Lexical Centrality as Salience
in Text Summarization", JAIR 22 (2004): sentences are nodes, the cosines of their TF-IDF vectors the
edges, and the stationary distribution of a random walk over them the score.

Promises: never more than the words allowed; the same text gives the same summary; time grows
linearly with the text, because long ones are ranked in blocks whose best sentences meet again.
"""

import re
from collections import Counter
from dataclasses import dataclass
from math import log
from typing import Any

from haulage.documents.clauses import MIN_WORDS, split_clauses
from haulage.documents.cleaning import clean_text
from haulage.documents.errors import NoText
from haulage.documents.sentences import ends_sentence, split_sentences
from haulage.documents.stop_words import stop_words

# An n × n matrix of 600 is 1.4 MB and takes milliseconds.
_BLOCK = 600
_DAMPING = 0.85
_TOLERANCE = 1e-6
_MAX_ROUNDS = 100
# Two sentences this much alike say the same thing; the better one speaks.
_SAME = 0.6
# Shorter ones are headings and exclamations, longer ones would be the whole summary.
_FEWEST_WORDS, _MOST_WORDS = 8, 60
_WORD = re.compile(r"[^\W\d_]+|\d+")


@dataclass(frozen=True, slots=True)
class Extract:
    """`positions` are the places of the chosen sentences in the source, ascending from 0."""

    text: str
    words: int
    positions: tuple[int, ...]
    source_words: int
    source_sentences: int


def summarize(text: str, *, language: str, max_words: int) -> Extract:
    """At most `max_words` words of `text`; raises `NoText` where it has no sentence."""
    sentences = _sentences(text)
    if not any(_WORD.search(sentence) for sentence in sentences):
        raise NoText("The text has no sentence to summarise.")
    terms = [_terms(sentence, language) for sentence in sentences]
    chosen = _choose(sentences, terms, max_words)
    if chosen:
        summary = " ".join(sentences[position] for position in chosen)
    else:
        # Not even one sentence fits: the beginning of the shortest one, marked as cut.
        position = min(range(len(sentences)), key=lambda index: _length(sentences[index]) or 10**9)
        chosen = [position]
        summary = _shortened(sentences[position], max_words)
    return Extract(
        text=summary,
        words=_length(summary),
        positions=tuple(chosen),
        source_words=sum(map(_length, sentences)),
        source_sentences=len(sentences),
    )


def counted(text: str) -> tuple[int, int]:
    """How many words and sentences `text` has."""
    sentences = _sentences(text)
    return sum(map(_length, sentences)), len(sentences)


def shortened(text: str, max_words: int) -> str:
    """The first sentences of `text` that fit; where not even one does, its beginning, marked."""
    sentences = split_sentences(" ".join(text.split()))
    taken: list[str] = []
    room = max_words
    for sentence in sentences:
        room -= _length(sentence)
        if room < 0:
            break
        taken.append(sentence)
    if taken or not sentences:
        return " ".join(taken)
    return _shortened(sentences[0], max_words)


def rank(terms: list[Counter[str]]) -> list[float]:
    """The LexRank score of each sentence, given its terms; they sum to 1."""
    import numpy as np  # lazy: heavy

    alike = _similarities(terms)
    count = len(terms)
    degree = alike.sum(axis=1, keepdims=True)
    walk = np.where(degree > 0, alike / np.where(degree > 0, degree, 1.0), 1.0 / count)
    score = np.full(count, 1.0 / count)
    for _ in range(_MAX_ROUNDS):
        following = (1.0 - _DAMPING) / count + _DAMPING * (walk.T @ score)
        settled = float(np.abs(following - score).sum()) < _TOLERANCE
        score = following
        if settled:
            break
    return [float(value) for value in score]


def _sentences(text: str) -> list[str]:
    return [sentence for paragraph in clean_text(text) for sentence in split_sentences(paragraph)]


def _choose(sentences: list[str], terms: list[Counter[str]], max_words: int) -> list[int]:
    """Places of the best sentences that fit together, ascending."""
    lengths = [_length(sentence) for sentence in sentences]
    candidates = [
        index
        for index, sentence in enumerate(sentences)
        if _FEWEST_WORDS <= lengths[index] <= _MOST_WORDS and ends_sentence(sentence)
    ]
    if not candidates:
        candidates = [index for index, length in enumerate(lengths) if 0 < length <= _MOST_WORDS]
    if not candidates:
        return []
    while len(candidates) > _BLOCK:
        # Each block keeps its better half at most, so this ends, in O(n) cosines of _BLOCK² each.
        candidates = [
            index
            for start in range(0, len(candidates), _BLOCK)
            for index in _best(candidates[start : start + _BLOCK], terms, _BLOCK // 10)
        ]
    by_score = _best(candidates, terms, len(candidates), in_order=False)
    alike = _similarities([terms[index] for index in by_score])
    taken: list[int] = []
    room = max_words
    for place, index in enumerate(by_score):
        if lengths[index] <= room and all(alike[place, other] < _SAME for other in taken):
            taken.append(place)
            room -= lengths[index]
    return sorted(by_score[place] for place in taken)


def _best(
    candidates: list[int], terms: list[Counter[str]], keep: int, *, in_order: bool = True
) -> list[int]:
    scores = rank([terms[index] for index in candidates])
    places = sorted(range(len(candidates)), key=lambda place: (-scores[place], place))[:keep]
    return [candidates[place] for place in (sorted(places) if in_order else places)]


def _similarities(terms: list[Counter[str]]) -> Any:
    """The cosines between all sentences' TF-IDF vectors, n × n; nothing is like itself."""
    import numpy as np

    columns = {term: column for column, term in enumerate(sorted(set().union(*terms)))}
    occurs_in = Counter(term for counted in terms for term in counted)
    vectors = np.zeros((len(terms), max(len(columns), 1)), dtype=np.float32)
    for row, counted in enumerate(terms):
        for term, times in counted.items():
            vectors[row, columns[term]] = times * log(1.0 + len(terms) / occurs_in[term])
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors /= np.where(norms > 0, norms, 1.0)
    alike = vectors @ vectors.T
    np.fill_diagonal(alike, 0.0)
    return alike


def _terms(sentence: str, language: str) -> Counter[str]:
    # A cheap stem, the first six letters, lets the forms of a word meet in all three languages.
    dull = stop_words(language)
    words = (word.casefold() for word in _WORD.findall(sentence))
    return Counter(word[:6] for word in words if word not in dull and len(word) > 1)


def _length(text: str) -> int:
    return len(text.split())


def _shortened(sentence: str, max_words: int) -> str:
    words = sentence.split()[: _MOST_WORDS + 1]
    piece = split_clauses(" ".join(words), max(MIN_WORDS, min(max_words, _MOST_WORDS)))[0]
    return piece if ends_sentence(piece) else piece.rstrip(",;:—– ") + "…"
