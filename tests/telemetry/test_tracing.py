"""Spans where nobody collects them, where somebody can't, and what they never say."""

import subprocess
import sys
import time

import pytest

from haulage.telemetry import tracing

# A process as it is without the extra `otel`, or with it and without an address.
WITHOUT = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        # FastAPI brings the interfaces along, which do nothing by themselves.
        if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter")):
            raise ModuleNotFoundError(name, name=name)

if sys.argv[1] == "missing":
    sys.meta_path.insert(0, Missing())
import haulage.wiring.api, haulage.wiring.dispatcher, haulage.wiring.poller, haulage.wiring.worker
from haulage.telemetry import logs, tracing
logs.configure()
tracing.start("test")
with tracing.span("one") as one, tracing.part("two"), tracing.batch("three", ["00-1"]):
    one.set({"a": 1})
assert one is tracing.NOTHING
assert tracing.current() is None and not tracing.is_on()
print("haulage.telemetry.spans" in sys.modules)
"""

# One that collects, for a receiver that is away.
AWAY = """
from haulage.domain.errors import NotRetryable
from haulage.telemetry import tracing
from haulage.telemetry.spans import open_recorder
tracing.start("test")
assert tracing.is_on()
try:
    with tracing.span("one") as one:
        raise NotRetryable("a secret page", code="no_page")
except NotRetryable:
    print(one._span.attributes, one._span.status.description, one._span.events)
tracing.stop()
assert not tracing.is_on()
"""


def ran(program: str, *arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=env,
    )


@pytest.mark.parametrize(
    "env", [{}, {"OTEL_SDK_DISABLED": "true", tracing.ENDPOINTS[1]: "http://x"}]
)
def test_off_no_part_of_ours_imports_opentelemetry(env: dict[str, str]) -> None:
    done = ran(WITHOUT, "there", **env)
    assert done.stdout.strip() == "False"
    assert ran(WITHOUT, "missing", **env).stdout.strip() == "False"


def test_where_it_is_wanted_and_missing_a_process_says_so_and_goes_on() -> None:
    done = ran(WITHOUT, "missing", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert "tracing.not_installed" in done.stderr
    assert "haulage[otel]" in done.stderr


def test_where_grpc_is_wanted_a_process_says_what_it_speaks_and_goes_on() -> None:
    wanted = {"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc", tracing.ENDPOINTS[1]: "http://127.0.0.1:9"}
    done = ran(WITHOUT, "there", **wanted)
    assert "tracing.protocol_not_spoken" in done.stderr
    assert "4318" in done.stderr
    assert done.stdout.strip() == "False"
    # The more special variable has the last word.
    done = ran(AWAY, **wanted, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=tracing.SPOKEN)
    assert "no_page" in done.stdout


def test_off_a_span_is_a_call_of_a_function() -> None:
    began = time.perf_counter()
    for _ in range(10_000):
        with tracing.span("a"):
            pass
    # A microsecond each, ten times that on a busy machine.
    assert (time.perf_counter() - began) / 10_000 < 20e-6


def test_an_error_is_told_by_its_code_and_a_receiver_that_is_away_holds_up_nobody() -> None:
    began = time.monotonic()
    done = ran(AWAY, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert time.monotonic() - began < 20
    assert "no_page" in done.stdout
    assert "secret" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        ("00-" + "a" * 32 + "-" + "b" * 16 + "-01", "a" * 32),
        ("00-" + "0" * 32 + "-" + "b" * 16 + "-01", None),
        ("00-1-1-01", None),
        (None, None),
    ],
)
def test_a_trace_id_is_what_the_w3c_calls_one(sent: str | None, found: str | None) -> None:
    assert tracing.trace_id_of(sent) == found
