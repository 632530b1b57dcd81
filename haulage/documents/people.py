"""People in a text, by rules: no model, no network.

Who counts: a known first name with capitalised words after it (`Anna Rossi`, `Charles de Gaulle`),
a name behind a title (`Mme Dupont`, `il ministro Bianchi`), and from then on their surname or first
name alone. Streets, schools and saints that bear a name are nobody. A role is what the text says
beside the name (`Anna Rossi, sindaca di Bari,`). Made for Italian, French and English; in other
languages it finds less, not worse.

Promises: every mention is the text itself between its two offsets (characters, from 0); mentions do
not overlap; time grows linearly with the text.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from haulage.documents.names import (
    ALSO_WORDS,
    FIRST_NAMES,
    NEVER_NAMES,
    OPENERS,
    PARTICLES,
    PLACES,
    ROLES,
    TITLES,
)

_WORD = re.compile(r"[^\W\d_a-zß-öø-ÿ][\w]*(?:(?:['’](?=[A-ZÀ-Þ])|-)\w+)*")
_LONGEST_NAME = 5
_SPACE = re.compile(r"[ \u00a0]|[ \u00a0]?\n[ \u00a0]?")
_AFTER_INITIAL = re.compile(r"\.[ \u00a0]?")
_ROLE = rf"(?:(?:vice|ex|co)[- ]?)?(?:{'|'.join(ROLES)})"
_BOUND = (
    "(?:di|del|della|dello|dell|dei|degli|delle|al|alla|alle|allo|all"
    "|de|du|des|de la|d|à la|à|au|aux|of|of the)"
)
_ADJECTIVE = r"[a-zà-ÿ]{2,}(?:ale|ali|al|ivo|iva|ico|ica|il|el|elle|ique|if|ive|ère)"
_ROLE_REACH = 90


@dataclass(frozen=True, slots=True)
class Mention:
    """Where a person is named: `text[start:end]`."""

    start: int
    end: int


@dataclass(slots=True)
class Person:
    """`name` is the fullest form in the text, `aliases` the others, `mentions` in order."""

    name: str
    aliases: list[str] = field(default_factory=list)
    role: str | None = None
    mentions: list[Mention] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Named:
    """One certain place of a name, as words."""

    start: int
    end: int
    words: tuple[str, ...]
    role: str | None

    @property
    def is_full(self) -> bool:
        return len(self.words) > 1


def find_people(text: str) -> list[Person]:
    """The people of `text` in the order in which they first appear."""
    certain = list(_certain(text))
    people = _merged(certain)
    placed = locate(text, [[person.name, *person.aliases] for person in people])
    found: list[Person] = []
    for person, mentions in zip(people, placed, strict=True):
        if not mentions:
            continue
        said = dict.fromkeys(_flat(text[one.start : one.end]) for one in mentions)
        aliases = [each for each in said if each != person.name]
        found.append(Person(person.name, aliases, person.role, mentions))
    return sorted(found, key=lambda person: person.mentions[0].start)


def locate(text: str, names: Sequence[Sequence[str]]) -> list[list[Mention]]:
    """Where each person is named, by any of the names given for each; whole words only.

    A longer name goes before a shorter one within it. A name that two people share counts for
    neither, unless it is the first, the full one, of one of them.
    """
    owner: dict[str, int | None] = {}
    for index, (full, *_) in enumerate(names):
        owner.setdefault(_flat(full), index)
    for index, (full, *others) in enumerate(names):
        for other in map(_flat, others):
            if other != _flat(full) and owner.setdefault(other, index) != index:
                owner[other] = owner[other] if _is_full(other, names) else None
    placed: list[list[Mention]] = [[] for _ in names]
    wanted = sorted((name for name in owner if name), key=len, reverse=True)
    if not wanted:
        return placed
    either = "|".join(r"\s+".join(map(re.escape, name.split())) for name in wanted)
    for found in re.finditer(rf"(?<![\w])(?:{either})(?![\w])", text):
        whose = owner[_flat(found[0])]
        if whose is not None:
            placed[whose].append(Mention(found.start(), found.end()))
    return placed


@dataclass(frozen=True, slots=True)
class _Patterns:
    """What surrounds a name: compiled at the first text, because every process imports this."""

    particle: re.Pattern[str]
    title: re.Pattern[str]
    place: re.Pattern[str]
    role_after: re.Pattern[str]
    role_before: re.Pattern[str]


@cache
def _patterns() -> _Patterns:
    particle = re.compile(rf"\s(?:{'|'.join(PARTICLES)})(?:\s|(?<=['’]))")
    title = re.compile(
        rf"(?:(?<!\w)|(?<=\b[dl]['’])|(?<=\bdell['’]))(?:{'|'.join(TITLES)})\s$", re.IGNORECASE
    )
    place = re.compile(
        rf"\b(?:{'|'.join(PLACES)})\s(?:(?:de|di|du|del|della|dei|of|the|la|le)\s|d['’])?$",
        re.IGNORECASE,
    )
    role_after = re.compile(
        rf"\s?[,(]\s?(?:(?:il|lo|la|l['’]|le|un|une|una|the|an?|his|her|son|sa|suo|sua)\s?)?"
        rf"((?:\w+\s){{0,2}}?{_ROLE}\b(?:(?!\n\s*\n)[^,.;:()!?«»]){{0,60}}?)\s?(?:[,.;:)]|\n\s*\n)",
        re.IGNORECASE,
    )
    role_before = re.compile(
        rf"\b((?i:{_ROLE})(?:\s{_ADJECTIVE})?"
        rf"(?:\s{_BOUND}(?:['’]|\s)[\w’'-]+(?:\s[A-ZÀ-Þ][\w’'-]+){{0,2}}){{0,3}}),?\s$"
    )
    return _Patterns(particle, title, place, role_after, role_before)


def _certain(text: str) -> Iterator[_Named]:
    """Places that are names by themselves, whatever else the text says."""
    words = list(_WORD.finditer(text))
    index = 0
    while index < len(words):
        before = text[max(0, words[index].start() - 40) : words[index].start()]
        word = words[index][0]
        titled = bool(_patterns().title.search(before))
        if _patterns().place.search(before) or word.casefold() in PLACES:
            index = _end_of_name(text, words, index)
            continue
        if not titled and not _is_first_name(word):
            index += 1
            continue
        end = _end_of_name(text, words, index)
        named = tuple(each[0] for each in words[index:end])
        if _is_nobody(named):
            pass
        elif len(named) > 1 or titled:
            start, stop = words[index].start(), words[end - 1].end()
            yield _Named(start, stop, _words_of(text[start:stop]), _role(text, start, stop))
        elif word.casefold() not in ALSO_WORDS and not _begins_sentence(text, words[index].start()):
            yield _Named(words[index].start(), words[index].end(), (word,), None)
        index = max(end, index + 1)


def _end_of_name(text: str, words: Sequence[re.Match[str]], index: int) -> int:
    """One past the last word of the name that begins with this one."""
    particle = _patterns().particle
    end = index + 1
    while end < len(words) and end - index < _LONGEST_NAME:
        gap = text[words[end - 1].end() : words[end].start()]
        # `Maria de Filippi`, but `Anna Rossi di Bari`: a particle follows first names alone.
        joined = _SPACE.fullmatch(gap) or (
            particle.fullmatch(gap) and all(_is_first_name(each[0]) for each in words[index:end])
        )
        if len(words[end - 1][0]) == 1:
            joined = joined or _AFTER_INITIAL.fullmatch(gap)
        word = words[end][0].casefold()
        if not joined or word in NEVER_NAMES or (word in OPENERS and "\n" in gap):
            break
        end += 1
    return end


def _merged(certain: Sequence[_Named]) -> list[Person]:
    """The people behind the certain places, each with all forms they may be named by."""
    people: dict[str, Person] = {}
    for one in certain:
        if one.is_full:
            name = " ".join(one.words)
            person = people.setdefault(name.casefold(), Person(name))
            person.role = person.role or one.role
    _join_shorter(people)
    by_surname = _index(people.values(), lambda name: name.split()[-1])
    by_first = _index(people.values(), lambda name: name.split()[0])
    for one in certain:
        if one.is_full:
            continue
        word = one.words[0]
        bearers = by_surname.get(word.casefold()) or by_first.get(word.casefold()) or []
        if not bearers:
            person = people.setdefault(word.casefold(), Person(word))
            person.role = person.role or one.role
        elif len(bearers) == 1:
            bearers[0].role = bearers[0].role or one.role
    for person in people.values():
        first, *rest = person.name.split()
        if rest:
            surname = person.name[len(first) + 1 :] if len(rest) > 1 else rest[-1]
            shorter = (surname, rest[-1], first)
            person.aliases += [
                each
                for each in dict.fromkeys(shorter)
                if each.casefold() not in people and each.casefold() not in ALSO_WORDS
            ]
    return list(people.values())


def _join_shorter(people: dict[str, Person]) -> None:
    """`Maria Bianchi` is `Maria Grazia Bianchi` where only one such is there."""
    for key, person in list(people.items()):
        words = key.split()
        longer = [
            other
            for other_key, other in people.items()
            if other is not person
            and len(other_key.split()) > len(words)
            and other_key.split()[0] == words[0]
            and other_key.split()[-1] == words[-1]
        ]
        if len(longer) == 1:
            longer[0].aliases.append(person.name)
            longer[0].role = longer[0].role or person.role
            del people[key]


def _index(people: Iterable[Person], part: Callable[[str], str]) -> dict[str, list[Person]]:
    found: dict[str, list[Person]] = {}
    for person in people:
        found.setdefault(part(person.name).casefold(), []).append(person)
    return found


def _role(text: str, start: int, end: int) -> str | None:
    after = _patterns().role_after.match(text, end, end + _ROLE_REACH)
    if after:
        return _flat(after[1])
    before = _patterns().role_before.search(text[max(0, start - _ROLE_REACH) : start])
    return _flat(before[1]) if before else None


def _is_first_name(word: str) -> bool:
    return all(part in FIRST_NAMES for part in word.casefold().split("-"))


def _is_nobody(words: Sequence[str]) -> bool:
    return any(word.casefold() in PLACES for word in words)


def _begins_sentence(text: str, start: int) -> bool:
    before = text[max(0, start - 4) : start].rstrip(" \t\u00a0«“\"'(—–-")
    return not before or before[-1] in ".!?…\n:"


def _is_full(name: str, names: Sequence[Sequence[str]]) -> bool:
    return any(_flat(each[0]) == name for each in names)


def _words_of(name: str) -> tuple[str, ...]:
    return tuple(name.split())


def _flat(name: str) -> str:
    return " ".join(name.split())
