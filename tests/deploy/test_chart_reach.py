"""Who reaches whom in the Helm chart, and who watches: group `deploy`."""

import os

import pytest
import yaml
from chart import everything, of_kind

from tools.compose_files import DEPLOY

pytestmark = pytest.mark.skipif(
    os.environ.get("HAULAGE_TEST_DEPLOY") != "1", reason="the group `deploy` runs them"
)


def test_nobody_reaches_a_pod_and_it_reaches_nobody_but_as_said():
    policies = of_kind(everything(), "NetworkPolicy")
    nobody = policies["haulage-nobody"]["spec"]
    assert nobody.keys() == {"podSelector", "policyTypes"}
    assert nobody["policyTypes"] == ["Ingress", "Egress"]
    chosen = nobody["podSelector"]["matchLabels"].items()
    for maker in [
        *of_kind(everything(), "Deployment").values(),
        *of_kind(everything(), "Job").values(),
    ]:
        assert chosen <= maker["spec"]["template"]["metadata"]["labels"].items()


def test_no_port_is_open_to_everybody():
    for name, policy in of_kind(everything(), "NetworkPolicy").items():
        for rule in policy["spec"].get("ingress", ()):
            assert rule["from"], name
            assert rule["ports"], name


def test_private_addresses_are_reached_only_where_they_are_named():
    rules = of_kind(everything(), "NetworkPolicy")["haulage-data"]["spec"]["egress"]
    public = [
        block
        for rule in rules
        for peer in rule.get("to", ())
        if (block := peer.get("ipBlock")) and block["cidr"] in ("0.0.0.0/0", "::/0")
    ]
    assert len(public) == 2
    assert {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"} <= set(
        public[0]["except"]
    )
    (data,) = [rule for rule in rules if {"protocol": "TCP", "port": 5432} in rule.get("ports", ())]
    assert data["to"] == [{"ipBlock": {"cidr": "10.1.2.0/24"}}]


def test_prometheus_operator_gets_the_same_rules_and_the_same_names():
    rules = of_kind(everything(), "PrometheusRule")["haulage"]["spec"]
    assert rules == yaml.safe_load((DEPLOY / "prometheus/alerts.yml").read_text())
    monitors = of_kind(everything(), "PodMonitor")
    deployments = of_kind(everything(), "Deployment")
    containers = {
        name: one["spec"]["template"]["spec"]["containers"][0] for name, one in deployments.items()
    }
    assert monitors.keys() == deployments.keys()
    for name, monitor in monitors.items():
        (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
        assert endpoint["relabelings"] == [{"targetLabel": "job", "replacement": name}]
        ports = {one["name"] for one in containers[name]["ports"]}
        assert endpoint["port"] in ports


def test_the_ingress_passes_what_the_edge_of_ours_does():
    ingress = of_kind(everything(), "Ingress")["haulage-api"]
    said = ingress["metadata"]["annotations"]
    assert said["nginx.ingress.kubernetes.io/proxy-body-size"] == "513m"
    assert "non_idempotent" not in said["nginx.ingress.kubernetes.io/proxy-next-upstream"]
