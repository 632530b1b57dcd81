"""What providers say in headers, in each spelling; what cannot be read says nothing."""

from datetime import UTC, datetime

import pytest

from haulage.limits.headers import Remaining, remaining, retry_after_s
from haulage.limits.limit import Measure

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after-ms": "350", "retry-after": "1"}, 0.35),
        ({"retry-after": "Tue, 01 Jan 2030 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Tue, 01 Jan 2030 11:00:00 GMT"}, 0.0),
        ({"retry-after": "99999999999"}, 86_400.0),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        (
            {"x-ratelimit-remaining-requests": "59", "x-ratelimit-reset-requests": "1m0.5s"},
            [Remaining(Measure.REQUESTS, 59, 60.5)],
        ),
        (
            {"x-ratelimit-remaining-tokens": "149984", "x-ratelimit-reset-tokens": "6ms"},
            [Remaining(Measure.TOKENS, 149984, 0.006)],
        ),
        (
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1893499260000"},
            [Remaining(Measure.REQUESTS, 0, 60.0)],
        ),
        (
            {
                "anthropic-ratelimit-tokens-remaining": "1000",
                "anthropic-ratelimit-tokens-reset": "2030-01-01T12:00:10Z",
            },
            [Remaining(Measure.TOKENS, 1000, 10.0)],
        ),
        ({"x-ratelimit-remaining-requests": "many", "x-ratelimit-reset-requests": "1s"}, []),
        ({"x-ratelimit-remaining-requests": "1", "x-ratelimit-reset-requests": "1 fortnight"}, []),
    ],
)
def test_what_is_left_is_read(headers: dict[str, str], found: list[Remaining]) -> None:
    assert list(remaining(headers, NOW)) == found
