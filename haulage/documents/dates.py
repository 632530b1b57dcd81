"""Dates as newspapers print them and as files are named: Italian, French, English, German, Spanish.

Promises: a date that a weekday stands beside is believed only when the two agree, so that a year
that OCR misread is no date.
"""

import re
from collections.abc import Iterable
from datetime import date

_MONTHS = (
    "gennaio janvier january januar enero gen janv jan",
    "febbraio février fevrier february februar febrero feb févr",
    "marzo mars march märz marz mar",
    "aprile avril april abril apr avr",
    "maggio mai may mayo mag",
    "giugno juin june juni junio giu jun",
    "luglio juillet july juli julio lug jul",
    "agosto août aout august ago aug",
    "settembre septembre september septiembre sett set sept sep",
    "ottobre octobre october oktober octubre ott oct okt",
    "novembre november noviembre nov",
    "dicembre décembre decembre december dezember diciembre dic déc dec dez",
)
_MONTH = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
_WEEKDAYS = (
    "lunedì lunedi lundi monday montag lunes",
    "martedì martedi mardi tuesday dienstag martes",
    "mercoledì mercoledi mercredi wednesday mittwoch miércoles miercoles",
    "giovedì giovedi jeudi thursday donnerstag jueves",
    "venerdì venerdi vendredi friday freitag viernes",
    "sabato samedi saturday samstag sonnabend sábado sabado",
    "domenica dimanche sunday sonntag domingo",
)
_WEEKDAY = {name: number for number, names in enumerate(_WEEKDAYS) for name in names.split()}
_NAMES = "|".join(sorted(_MONTH, key=len, reverse=True))
_DAY_NAMES = "|".join(sorted(_WEEKDAY, key=len, reverse=True))
_YEAR = r"(?P<year>1[5-9]\d\d|20\d\d)"
_DAY_FIRST = re.compile(
    rf"(?:\b(?P<weekday>{_DAY_NAMES})\b[,.]?\s*(?:the\s+|den\s+|le\s+)?)?"
    rf"\b(?P<day>[0-3]?\d)\s*(?:°|º|\.|er|st|nd|rd|th)?\s*(?:-\s*\d\d?\s+)?(?:de\s+|of\s+)?"
    rf"(?P<month>{_NAMES})\b\.?,?\s*(?:de\s+|del\s+)?{_YEAR}\b",
    re.I,
)
_MONTH_FIRST = re.compile(
    rf"(?:\b(?P<weekday>{_DAY_NAMES})\b[,.]?\s*)?"
    rf"\b(?P<month>{_NAMES})\.?\s+(?P<day>[0-3]?\d)(?:st|nd|rd|th)?,?\s+{_YEAR}\b",
    re.I,
)
# Between digits, so that `giornale_1950-05-12_p1.png` has one and a serial number none.
_IN_NAME = re.compile(
    r"(?<!\d)(?:(?P<year>1[5-9]\d\d|20\d\d)(?P<sep>[-_. ]?)(?P<month>0[1-9]|1[0-2])(?P=sep)"
    r"(?P<day>0[1-9]|[12]\d|3[01])"
    r"|(?P<day2>0[1-9]|[12]\d|3[01])[-_. ](?P<month2>0[1-9]|1[0-2])[-_. ]"
    r"(?P<year2>1[5-9]\d\d|20\d\d))(?!\d)"
)


def printed_date(lines: Iterable[str]) -> date | None:
    """The first date with day, month and year in `lines`."""
    for line in lines:
        for pattern in (_DAY_FIRST, _MONTH_FIRST):
            for found in pattern.finditer(line):
                if (day := _date(found)) is not None:
                    return day
    return None


def has_date(text: str) -> bool:
    """Whether a date with day, month and year is in `text`, believed or not."""
    return bool(_DAY_FIRST.search(text) or _MONTH_FIRST.search(text))


def date_of_name(filename: str) -> date | None:
    """The date in a file's name, year first or last, such as `giornale_1950-05-12_p1.png`."""
    found = _IN_NAME.search(filename)
    if found is None:
        return None
    parts = (found[name] or found[f"{name}2"] for name in ("year", "month", "day"))
    try:
        return date(*map(int, parts))
    except ValueError:
        return None


def _date(found: "re.Match[str]") -> date | None:
    try:
        day = date(int(found["year"]), _MONTH[found["month"].lower()], int(found["day"]))
    except ValueError:
        return None
    said = found["weekday"]
    return day if said is None or _WEEKDAY[said.lower()] == day.weekday() else None
