"""`haulage credits`."""

import psycopg

from haulage.engine.services import Services
from tests.api.live import Live
from tests.cli.live.conftest import Haulage, read_lines
from tests.factories import DONE, Hand, queued


async def test_credits_are_granted_shown_and_listed(haulage: Haulage) -> None:
    assert "Not charged" in (await haulage("credits", "show")).stdout
    granted = await haulage("credits", "grant", "50", "--days", "3650", "--reference", "invoice 7")
    assert granted.stdout.startswith("50 credits for default, until ")
    (shown,) = read_lines(await haulage("credits", "show", "-o", "json"))
    assert (shown["charged"], shown["available"]) == (True, 50)
    assert "50" in (await haulage("credits", "show")).stdout
    (entry,) = read_lines(await haulage("credits", "entries", "-o", "json"))
    assert (entry["kind"], entry["amount"]) == ("grant", 50)
    assert "issued" in (await haulage("credits", "entries", "--kind", "grant")).stdout


async def test_a_job_shows_what_it_costs(live: Live, haulage: Haulage, services: Services) -> None:
    await services.till.grant("default", 9, by="ann")
    job_id = await queued(services, type="speak", price_credits=4)
    assert "4 reserved" in (await haulage("jobs", "show", str(job_id))).stdout
    await (await Hand.hired(services)).run(job_id, DONE)
    assert "4 of 4 a run" in (await haulage("jobs", "show", str(job_id))).stdout


async def test_reconcile_says_what_does_not_agree(haulage: Haulage, database_url: str) -> None:
    await haulage("credits", "grant", "50")
    assert "The books agree." in (await haulage("credits", "reconcile")).stdout
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE credit_grants SET remaining = 49")
    done = await haulage("credits", "reconcile", exits=1)
    assert "sums_differ" in done.stdout
    (finding,) = read_lines(await haulage("credits", "reconcile", "-o", "json", exits=1))
    assert finding["detail"] == "available: the entries say 50, 49 is kept."
