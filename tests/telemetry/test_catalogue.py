"""The catalogue is what processes tell, and no label grows with what callers make up."""

import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from haulage.settings.providers import TAKEN, ProvidersSettings
from haulage.telemetry import catalogue, metrics
from haulage.telemetry.catalogue import CATALOGUE, OF_PROVIDERS, declared, scraped
from haulage.telemetry.series import MOST_VALUES

ROOT = Path(__file__).resolve().parents[2]

# What a process without any work registers, as name, kind and labels.
PROGRAM = """
from prometheus_client import REGISTRY
from haulage.telemetry import metrics, source_metrics
for one in REGISTRY._collector_to_names:
    name = getattr(one, "_name", None)
    if name is not None:
        print(name + "_total" * (one._type == "counter"), one._type, *one._labelnames)
"""


def test_every_metric_is_in_the_catalogue_and_the_other_way_round() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert done.stderr == ""
    told = sorted(done.stdout.splitlines())
    assert told == sorted(" ".join((one.name, one.kind, *one.labels)) for one in CATALOGUE)


def test_metrics_are_made_from_the_catalogue_only() -> None:
    makers = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "haulage").rglob("*.py"))
        if any(
            line.startswith("from prometheus_client import") and "Histogram" in line
            for line in path.read_text().splitlines()
        )
    ]
    assert makers == [
        "haulage/api/edge.py",  # types only
        "haulage/telemetry/metrics.py",  # types only
        "haulage/telemetry/series.py",
    ]
    with pytest.raises(KeyError):
        declared("haulage_made_up_total")


def test_what_a_scrape_shows_has_the_names_that_are_listed() -> None:
    metrics.JOB_DURATION.labels(type="echo").observe(1)
    metrics.DOORBELLS.labels(queue="io").inc()
    ours = {name for one in CATALOGUE for name in one.scraped()}
    shown = {
        sample.name
        for metric in REGISTRY.collect()
        for sample in metric.samples
        if not sample.name.endswith("_created")
    }
    assert {"haulage_job_duration_seconds_bucket", "haulage_doorbells_total"} <= shown & ours
    assert scraped()["haulage_job_duration_seconds_bucket"] == ("type", "le")
    assert scraped()["openai_tokens_used_total"] == ("model", "type")
    foreign = {name for name in shown if name.startswith(("haulage_", "rate_", "ai_", "api_"))}
    assert foreign <= ours


def test_names_are_said_once_and_processes_are_known() -> None:
    names = [one.name for one in (*CATALOGUE, *OF_PROVIDERS)]
    assert len(names) == len(set(names))
    for one in (*CATALOGUE, *OF_PROVIDERS):
        assert one.told_by
        assert set(one.told_by) <= set(catalogue.ALL)


def test_no_server_of_somebodys_can_have_the_metrics_of_others() -> None:
    endings = [one.name.removeprefix("{provider}") for one in OF_PROVIDERS]
    taken = {
        one.name.removesuffix(ending)
        for one in CATALOGUE
        for ending in endings
        if one.name.endswith(ending)
    }
    assert taken == TAKEN
    for name in (*taken, "caf\N{LATIN SMALL LETTER E WITH ACUTE}", "a-b"):
        with pytest.raises(ValueError, match="server"):
            ProvidersSettings(compatible=f"{name}=http://127.0.0.1/v1")


FLOOD = """
from prometheus_client import REGISTRY, generate_latest
from haulage.telemetry import metrics, source_metrics
from haulage.telemetry.series import MOST_VALUES

def tell(kind):
    metrics.submitted(kind, "io").inc()
    metrics.meters_of(kind, "io").settled["failed"].inc()
    metrics.SETTLES_LOST.labels(type=kind).inc()
    metrics.LIMIT_WAITS.labels(pool="openai", limit=kind).inc()
    metrics.PROVIDER_ERRORS.labels(provider="openai", code=kind).inc()
    source_metrics.API_REQUESTS.labels(kind, "GET", "200").inc()

early = metrics.SETTLES_LOST.labels(type="0")
for n in range(MOST_VALUES):
    tell(str(n))
before = len(generate_latest().splitlines())
for n in range(MOST_VALUES, 10_000):
    tell(str(n))
print(len(generate_latest().splitlines()) - before)
labels = {"type": "other", "queue": "io"}
print(REGISTRY.get_sample_value("haulage_jobs_submitted_total", labels))
print(metrics.SETTLES_LOST.labels(type="0") is early)
"""


def test_ten_thousand_types_codes_and_endpoints_share_few_series() -> None:
    # In a process of its own: the others of this run keep their labels.
    done = subprocess.run([sys.executable, "-c", FLOOD], capture_output=True, text=True)
    assert done.stderr == ""
    more, others, same = done.stdout.split()
    assert int(more) <= 60
    assert float(others) == 10_000 - MOST_VALUES
    assert same == "True"
