"""The alert rules, tried out by Prometheus' own program: the group `deploy`."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from deploy.grafana.panels import DASHBOARDS
from tools.compose_files import DEPLOY

pytestmark = pytest.mark.skipif(
    os.environ.get("HAULAGE_TEST_DEPLOY") != "1", reason="the group `deploy` runs them"
)
CASES = Path(__file__).parent / "alerts.test.yaml"


def promtool(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["promtool", *map(str, arguments)], capture_output=True, text=True, timeout=60
    )


def test_the_rules_are_rules():
    checked = promtool("check", "rules", "--lint-fatal", DEPLOY / "prometheus/alerts.yml")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_each_alert_fires_at_its_figure_and_after_its_time():
    tested = promtool("test", "rules", CASES)
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_each_alert_is_seen_to_fire_and_to_keep_silent():
    rules = yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())
    alerts = {r["alert"] for group in rules["groups"] for r in group["rules"] if "alert" in r}
    fires, silent = set(), set()
    for case in yaml.safe_load(CASES.read_text())["tests"]:
        for asked in case.get("alert_rule_test", ()):
            (fires if asked["exp_alerts"] else silent).add(asked["alertname"])
        for asked in case.get("promql_expr_test", ()):
            fires |= set(re.findall(r"\bHaulage\w+", asked["expr"] + str(asked["exp_samples"])))
    assert alerts == fires
    assert alerts == silent


def test_prometheus_takes_its_configuration(tmp_path: Path):
    text = (DEPLOY / "prometheus/prometheus.yml").read_text()
    (tmp_path / "key").write_text("hlg_\n")
    (tmp_path / "prometheus.yml").write_text(
        text.replace("/run/secrets/metrics_key", str(tmp_path / "key")).replace(
            "/etc/prometheus/alerts.yml", str(DEPLOY / "prometheus/alerts.yml")
        )
    )
    checked = promtool("check", "config", tmp_path / "prometheus.yml")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_query_of_a_dashboard_is_promql(tmp_path: Path):
    rules = [
        {"record": f"panel:{n}", "expr": expr.replace("$__rate_interval", "5m")}
        for n, expr in enumerate(
            expr
            for _, panels in DASHBOARDS.values()
            for panel in panels
            for expr, _ in panel.queries
        )
    ]
    (tmp_path / "panels.yml").write_text(json.dumps({"groups": [{"name": "x", "rules": rules}]}))

    checked = promtool("check", "rules", tmp_path / "panels.yml")

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(rules)} rules found" in checked.stdout
