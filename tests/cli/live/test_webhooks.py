"""`haulage webhooks`, against the real API."""

from secrets import token_urlsafe

from haulage.connectors.vault import Vault
from tests.api.conftest import Worker
from tests.api.live import Live
from tests.cli.live.conftest import Haulage, read_lines

URL = "https://app.example.org/hooks"


async def test_a_webhook_from_its_making_to_its_end(live: Live, haulage: Haulage, worker: Worker):
    assert (await haulage("webhooks", "list")).stderr.startswith("No webhooks.")
    made = await haulage("webhooks", "create", "orders", URL, "--event", "job.failed")
    assert "whsec_" in made.stdout
    assert "this once" in made.stderr
    listed = await haulage("webhooks", "list")
    assert "orders" in listed.stdout
    assert "whsec_" not in listed.stdout
    (shown,) = read_lines(await haulage("webhooks", "rotate", "orders", "-o", "json"))
    assert (shown["secrets"], shown["secret"][:6]) == (2, "whsec_")

    assert (await haulage("webhooks", "test", "orders")).stdout.startswith("pending")
    await worker.fail(await live.submit())
    told = read_lines(await haulage("webhooks", "deliveries", "orders", "-o", "json"))
    assert {one["event"] for one in told} == {"webhook.test", "job.failed"}

    assert "disabled" in (await haulage("webhooks", "disable", "orders")).stdout
    assert "well" in (await haulage("webhooks", "enable", "orders")).stdout
    again = await haulage("webhooks", "replay", "orders", "--since", "2029-01-01")
    assert again.stdout.split() == ["sent", "again", "2"]
    (one,) = read_lines(await haulage("webhooks", "replay", "orders", told[0]["id"], "-o", "json"))
    assert one["id"] == told[0]["id"]
    await haulage("webhooks", "delete", "orders", "--yes")
    missing = await haulage("webhooks", "test", "orders", exits=1)
    assert "There is no webhook 'orders'." in missing.stderr


async def test_a_submit_names_a_webhook(live: Live, haulage: Haulage, worker: Worker):
    await haulage("webhooks", "create", "orders", URL, "--jobs", "named")
    done = await haulage("submit", "speak", "-f", "text=hi", "--webhook", "orders", "-o", "json")
    (job,) = read_lines(done)
    await worker.succeed(job["id"])
    (told,) = read_lines(await haulage("webhooks", "deliveries", "orders", "-o", "json"))
    assert told["job_id"] == job["id"]


async def test_a_new_key_seals(haulage: Haulage):
    key = (await haulage("webhooks", "new-key")).stdout.strip()
    assert Vault([key, token_urlsafe(32)]).open(Vault([key]).seal("secret")) == "secret"
