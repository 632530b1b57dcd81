"""What alerts and dashboards name is what our processes tell."""

import re

import pytest
import yaml
from promql import named

from deploy.grafana.dashboards import FOLDER, documents
from deploy.grafana.panels import DASHBOARDS
from haulage.telemetry.catalogue import scraped
from tools.compose_files import DEPLOY, compose

RULES = [
    rule
    for group in yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
PROMETHEUS = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
# What Prometheus itself adds to each series, or tells.
ITS_LABELS = {"job", "instance"}
ITS_OWN = {"up": ITS_LABELS}
KNOWN = {name: {*labels, *ITS_LABELS} for name, labels in scraped().items()} | ITS_OWN
EXPRESSIONS = [
    *(pytest.param(rule["expr"], id=rule.get("alert") or rule["record"]) for rule in RULES),
    *(
        pytest.param(expr.replace("$__rate_interval", "5m"), id=f"{title}: {panel.title}")
        for title, panels in DASHBOARDS.values()
        for panel in panels
        for expr, _ in panel.queries
    ),
]


def test_names_in_promql_are_told_apart():
    found = named('sum by (le, a) (rate(b_bucket{c=~"d|e"}[5m])) > 0.5 and on () max(f:g) == 1e3')

    assert found.metrics == {"b_bucket", "f:g"}
    assert found.chosen_by == {("b_bucket", "c")}
    assert found.grouped_by == {"le", "a"}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_names_metrics_and_labels_that_there_are(expression: str):
    found = named(expression)

    assert found.metrics
    assert found.metrics <= KNOWN.keys() | RECORDED
    labels = set().union(*(KNOWN.get(name, set()) for name in found.metrics))
    assert found.grouped_by <= labels
    assert not [pair for pair in found.chosen_by if pair[1] not in KNOWN[pair[0]]]


@pytest.mark.parametrize("rule", [pytest.param(r, id=r["alert"]) for r in RULES if "alert" in r])
def test_an_alert_says_how_bad_it_is_what_happened_and_what_to_do(rule):
    assert rule["labels"]["severity"] in ("warning", "critical")
    assert rule["annotations"].keys() == {"summary", "action"}
    assert rule["alert"].startswith("Haulage")


def test_an_alert_names_labels_that_its_expression_leaves():
    recorded = {rule["record"]: rule["expr"] for rule in RULES if "record" in rule}
    for rule in RULES:
        shown = set(re.findall(r"\$labels\.(\w+)", str(rule.get("annotations"))))
        expression = recorded.get(rule["expr"], rule["expr"])
        found = named(expression)
        aggregated = re.search(r"\b(sum|max|min|count)\b", expression)
        left = (
            found.grouped_by | set(re.findall(r'label_replace\(.*?, "(\w+)"', expression))
            if aggregated
            else set().union(*(KNOWN.get(name, set()) for name in found.metrics))
        )
        assert shown <= left, rule.get("alert")


@pytest.mark.parametrize(
    ("expression", "legend"),
    [
        pytest.param(expr, legend, id=f"{title}: {panel.title}")
        for title, panels in DASHBOARDS.values()
        for panel in panels
        for expr, legend in panel.queries
    ],
)
def test_a_legend_names_labels_that_its_expression_leaves(expression: str, legend: str):
    found = named(expression.replace("$__rate_interval", "5m"))
    left = found.grouped_by
    if not re.search(r"\b(sum|max|min|count|avg|topk)\b", expression):
        left = set().union(*(KNOWN.get(name, set()) for name in found.metrics))
    assert set(re.findall(r"{{\s*(\w+)\s*}}", legend)) <= left


def test_every_metric_of_a_dashboard_is_asked_from_processes_that_are_watched():
    jobs = {job["job_name"] for job in PROMETHEUS["scrape_configs"]}
    named_jobs = set(re.findall(r'job="([\w-]+)"', str(RULES)))
    assert named_jobs <= jobs
    assert {job for job in jobs if re.fullmatch(r"haulage-worker-.+", job)} == {
        "haulage-worker-io",
        "haulage-worker-cpu",
    }


def test_prometheus_asks_every_process_of_ours_on_a_network_that_they_share():
    services = compose("compose.production.yaml")["services"]
    watched = set()
    for job in PROMETHEUS["scrape_configs"]:
        for static in job.get("static_configs", ()):
            watched |= {target.removesuffix(":8700") for target in static["targets"]}
        for asked in job.get("dns_sd_configs", ()):
            assert asked["port"] == 9100
            watched |= set(asked["names"])

    ours = {
        name
        for name, its in services.items()
        if its["image"].startswith("haulage:") and name not in ("setup", "flower")
    }
    assert watched == ours
    shared = set(services["prometheus"]["networks"])
    assert all(shared & set(services[name]["networks"]) for name in watched)


def test_grafanas_documents_are_what_is_made_of_the_panels():
    written = {path.name: path.read_text() for path in FOLDER.glob("*.json")}
    assert written == documents(), "run: python -m deploy.grafana.dashboards"


def test_grafana_finds_its_dashboards_and_reaches_what_they_are_made_of():
    services = compose("compose.production.yaml")["services"]
    grafana = services["grafana"]
    mounted = dict(one.removesuffix(":ro").split(":") for one in grafana["volumes"])
    of_ours = {str((DEPLOY / here).resolve()): there for here, there in mounted.items()}
    provisioning = DEPLOY / "grafana" / "provisioning"
    assert of_ours[str(provisioning)] == "/etc/grafana/provisioning"
    [provider] = yaml.safe_load((provisioning / "dashboards/haulage.yml").read_text())["providers"]
    assert of_ours[str(FOLDER)] == provider["options"]["path"]
    sources = yaml.safe_load((provisioning / "datasources/prometheus.yml").read_text())[
        "datasources"
    ]
    asked = set(re.findall(r'"datasource": {[^}]*"uid": "([^"]+)"', "".join(documents().values())))
    assert asked == {"prometheus"}
    assert asked <= {one["uid"] for one in sources}
    for one in sources:
        name, _, port = one["url"].removeprefix("http://").partition(":")
        assert set(services[name]["networks"]) & set(grafana["networks"])
        assert port in {"9090", "16686"}
