"""What Sentry is told of an error, by its own client."""

import json
import subprocess
import sys

PROGRAM = """
import sys
from haulage.telemetry import faults, logs
logs.configure()
faults.start("api")
if "sentry_sdk" not in sys.modules:
    print("not imported")
    sys.exit()
import sentry_sdk
sent = []
sentry_sdk.get_client().transport.capture_envelope = lambda one: sent.append(one.get_event())
logs.job.set({"job_id": "j-1", "tenant": "acme"})
try:
    page = "a secret page"
    raise ValueError(page)
except ValueError:
    logs.get("test").exception("job.broken", path="another secret")
import json
print(json.dumps(sent, default=str))
"""


def told(**env: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=True,
        env=env,
        timeout=60,
    )
    return done.stdout


def test_an_error_is_named_with_its_job_and_without_any_text() -> None:
    said = told(SENTRY_DSN="http://key@127.0.0.1:9/1")
    [event] = json.loads(said)
    assert event["logentry"]["message"] == "job.broken"
    assert event["tags"]["tenant"] == "acme"
    assert event["tags"]["job_id"] == "j-1"
    assert event["exception"]["values"][0]["type"] == "ValueError"
    assert "secret" not in said


def test_without_an_address_its_client_is_not_imported() -> None:
    assert told().strip() == "not imported"
