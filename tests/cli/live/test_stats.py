"""`haulage stats`."""

import re

from haulage.engine.services import Services
from haulage.storage.stat_store import StatStore
from tests.api.conftest import Worker
from tests.api.live import Live
from tests.cli.live.conftest import Haulage, read_lines


async def test_what_happened_is_drawn_over_time(
    live: Live, haulage: Haulage, worker: Worker, services: Services, clock
):
    await worker.succeed(await live.submit())
    await worker.fail(await live.submit())
    clock.advance(minutes=1)
    await live.submit()
    await StatStore(services.database).fold(limit=1_000)

    done = await haulage("stats")

    assert re.match(
        "3 submitted  1 succeeded  1 failed  0 cancelled  in 61 min, by 60 s", done.stdout
    )
    assert "failed  page_refused 1" in done.stdout
    rows = [line.partition("│")[2].rstrip() for line in done.stdout.splitlines() if "│" in line]
    # Two ended a minute ago, the full height of their chart, and one of them failed.
    assert [row[-1:] for row in rows[:4]] == ["█"] * 4
    assert [len(row) for row in rows[:4]] == [60] * 4
    assert [row[-1:] for row in rows[-4:]] == ["█"] * 4
    assert re.search(r"^io +1 +0 ", done.stdout, re.M)


async def test_the_whole_document_comes_as_json(live: Live, haulage: Haulage):
    await live.submit()
    told = ("stats", "--since", "2030-01-01T10:00+00:00", "--step", "1h", "-o", "json")
    (found,) = read_lines(await haulage(*told))
    assert (found["step_s"], len(found["data"])) == (3600, 3)
    (other,) = read_lines(await haulage("stats", "--queue", "slow", "-o", "json"))
    assert other["now"]["queues"] == [] or other["now"]["queues"][0]["queue"] == "slow"


async def test_a_span_that_does_not_fit_is_refused_with_its_name(haulage: Haulage):
    done = await haulage("stats", "--since", "2030-01-01", "--to", "2029-01-01", exits=1)
    assert "from" in done.stderr
