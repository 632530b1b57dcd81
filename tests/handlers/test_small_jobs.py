"""`echo`, `sleep` and `crunch`."""

import pytest

from haulage.domain.errors import InvalidInput
from haulage.domain.job_type import CPU, IO
from haulage.handlers import load_all
from haulage.handlers.crunch import CrunchInput, crunch
from haulage.handlers.echo import EchoInput, echo
from haulage.handlers.sleep import SleepInput, sleep
from haulage.testing import FakeBlockingContext, FakeContext


@pytest.mark.parametrize("value", [None, 0, "été", [1, {"a": [None]}], {"nested": {"x": 1.5}}])
async def test_echo_gives_any_json_back(value):
    assert (await echo(EchoInput(value=value), FakeContext())).value == value


async def test_sleep_reports_progress_and_ends():
    ctx = FakeContext()

    slept = await sleep(SleepInput(seconds=0.05), ctx)

    assert slept.seconds == 0.05
    assert ctx.reports[0].step == "sleeping"
    assert all(0 <= (report.percent or 0) <= 100 for report in ctx.reports)


async def test_sleeping_no_time_is_allowed():
    assert (await sleep(SleepInput(seconds=0), FakeContext())).seconds == 0


def test_crunch_finds_all_primes_and_reports_progress():
    ctx = FakeBlockingContext()

    crunched = crunch(CrunchInput(seconds=0.5), ctx)

    assert crunched.seconds >= 0.5
    assert crunched.primes == _primes_below(crunched.numbers)
    assert ctx.reports
    assert all(0 <= (report.percent or 0) <= 100 for report in ctx.reports)


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("echo", {}),
        ("echo", {"value": 1, "more": 2}),
        ("sleep", {"seconds": -1}),
        ("sleep", {"seconds": 1e9}),
        ("crunch", {"seconds": "long"}),
        ("summarize_text", {"text": ""}),
        ("summarize_text", {"text": "x" * 2_000_001}),
        ("summarize_text", {"text": "x", "language": "French"}),
        ("web_scrape", {"url": ""}),
        ("rewrite_novel", {"file": "no-uuid"}),
        ("rewrite_novel", {"file": "01970000-0000-7000-8000-000000000000", "quality": "best"}),
    ],
)
def test_input_that_does_not_fit_is_refused(name, raw):
    with pytest.raises(InvalidInput):
        load_all().get(name).parse_input(raw)


def test_plain_functions_are_for_the_cpu_pool_and_coroutines_for_io():
    pools = {declared.name: declared.pool for declared in load_all()}

    assert {name for name, pool in pools.items() if pool == CPU} >= {
        "crunch",
        "extract_summary",
        "read_book",
    }
    assert {name for name, pool in pools.items() if pool == IO} >= {
        *("echo", "sleep", "web_scrape", "rewrite_novel", "summarize_text", "identifying_data")
    }


def _primes_below(limit: int) -> int:
    sieve = bytearray([1]) * limit
    sieve[:2] = b"\0\0"
    for number in range(2, int(limit**0.5) + 1):
        if sieve[number]:
            sieve[number * number :: number] = bytes(len(range(number * number, limit, number)))
    return sum(sieve)
