"""What providers say of their limits in headers, as OpenAI, OpenRouter and Anthropic spell it.

    retry-after: 7                                 retry-after-ms: 350
    x-ratelimit-remaining-requests: 59             x-ratelimit-reset-requests: 1m0.5s
    x-ratelimit-remaining: 0                       x-ratelimit-reset: 1741305600000
    anthropic-ratelimit-tokens-remaining: 1000     anthropic-ratelimit-tokens-reset: 2025-03-07T…Z

What cannot be read says nothing: a provider's odd header must not fail its good answer.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from haulage.limits.limit import Measure

# Nobody is told to wait longer than this; a month's quota is a limit to configure.
LONGEST_S = 86_400.0
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)(ms|s|m|h|d))")


@dataclass(frozen=True, slots=True)
class Remaining:
    """What the provider thinks is left of a measure, until `reset_s` from now."""

    measure: Measure
    left: int
    reset_s: float


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds to wait, when the answer says so; names in lower case."""
    if (in_ms := _number(headers.get("retry-after-ms"))) is not None:
        return min(in_ms / 1000, LONGEST_S)
    said = headers.get("retry-after")
    if said is None:
        return None
    seconds = _number(said)
    if seconds is None:
        try:
            seconds = (_aware(parsedate_to_datetime(said)) - now).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), LONGEST_S)


def remaining(headers: Mapping[str, str], now: datetime) -> Iterator[Remaining]:
    """What the answer says is left."""
    for measure in (Measure.REQUESTS, Measure.TOKENS):
        for left_name, reset_name in (
            (f"x-ratelimit-remaining-{measure}", f"x-ratelimit-reset-{measure}"),
            (f"anthropic-ratelimit-{measure}-remaining", f"anthropic-ratelimit-{measure}-reset"),
        ):
            if found := _remaining(measure, headers, left_name, reset_name, now):
                yield found
    named = "x-ratelimit-remaining", "x-ratelimit-reset"
    if found := _remaining(Measure.REQUESTS, headers, *named, now):
        yield found


def _remaining(
    measure: Measure, headers: Mapping[str, str], left_name: str, reset_name: str, now: datetime
) -> Remaining | None:
    left, reset_s = _number(headers.get(left_name)), _reset_s(headers.get(reset_name), now)
    if left is None or reset_s is None:
        return None
    return Remaining(measure, int(left), reset_s)


def _reset_s(said: str | None, now: datetime) -> float | None:
    """A duration (`1m0.5s`, `12`), or a moment (ISO, or seconds or milliseconds since 1970)."""
    if not said:
        return None
    number = _number(said)
    if number is not None:
        if number > 1e11:
            number = number / 1000 - now.timestamp()
        elif number > 1e9:
            number -= now.timestamp()
        return min(max(number, 0.0), LONGEST_S)
    parts = _DURATION.findall(said)
    if parts and "".join(value + unit for value, unit in parts) == said:
        return min(sum(float(value) * _UNITS[unit] for value, unit in parts), LONGEST_S)
    try:
        moment = _aware(datetime.fromisoformat(said))
    except ValueError:
        return None
    return min(max((moment - now).total_seconds(), 0.0), LONGEST_S)


def _number(said: str | None) -> float | None:
    if said is None or not re.fullmatch(r"\s*\d{1,15}(\.\d{1,9})?\s*", said):
        return None
    return float(said)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
