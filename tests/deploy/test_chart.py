"""The Helm chart: rendered by Helm's own code, checked by Kubernetes' schemas: group `deploy`."""

import json
import os
import re
import secrets
import tarfile
from typing import Any

import pytest
import yaml
from chart import CHART, EVERYTHING, LEAST, everything, least, of_kind, rendered
from kubernetes_schemas import faults
from promql import named

from haulage import __version__
from haulage.settings import known_variables, load
from haulage.telemetry.catalogue import scraped
from tools.compose_files import DEPLOY

pytestmark = pytest.mark.skipif(
    os.environ.get("HAULAGE_TEST_DEPLOY") != "1", reason="the group `deploy` runs them"
)
KUBERNETES = ["1.27", "1.31", "1.37"]
# Not Kubernetes' own: KEDA's and Prometheus' operator's.
FOREIGN = {"ScaledObject", "PodMonitor", "PrometheusRule"}
HELD = {
    "HAULAGE_DATABASE_URL_FILE": "postgresql://h/d",
    "HAULAGE_DATABASE_DIRECT_URL_FILE": "postgresql://direct/d",
    "HAULAGE_REDIS_URL_FILE": "redis://h",
    "HAULAGE_WEBHOOKS_KEYS_FILE": secrets.token_urlsafe(32),
}
ROLES = ["api", "dispatcher", "poller", "worker-cpu", "worker-io", "worker-ocr"]
WORKERS = ["worker-cpu", "worker-io", "worker-ocr"]


def deployment(role: str) -> dict[str, Any]:
    return of_kind(everything(), "Deployment")[f"haulage-{role}"]


def pod(role: str) -> dict[str, Any]:
    return deployment(role)["spec"]["template"]["spec"]


def container(role: str) -> dict[str, Any]:
    (only,) = pod(role)["containers"]
    return only


def environment(role: str) -> dict[str, str]:
    return {one["name"]: one["value"] for one in container(role)["env"]}


def pods() -> dict[str, dict[str, Any]]:
    """Every pod that the chart makes, by the name of what makes it."""
    makers = {**of_kind(everything(), "Deployment"), **of_kind(everything(), "Job")}
    return {name: one["spec"]["template"]["spec"] for name, one in makers.items()}


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("documents", [least, everything], ids=["least", "everything"])
def test_every_object_is_what_kubernetes_knows(documents, version):
    ours = [one for one in documents() if one["kind"] not in FOREIGN]
    assert ours
    assert not [fault for one in ours for fault in faults(one, version)]


@pytest.mark.parametrize("values", [LEAST, EVERYTHING], ids=["least", "everything"])
def test_helm_has_nothing_against_it(values):
    import helm_python

    report = helm_python.lint(CHART, values, strict=True)

    assert report["errors"] == []
    # 1 is advice, such as that an icon would be nice.
    assert [message for message in report["messages"] if message["severity"] > 1] == []


def test_it_can_be_packed_with_the_rules_of_alerts_in_it(tmp_path):
    import helm_python

    archive = helm_python.package(CHART, destination=tmp_path)

    with tarfile.open(archive) as packed:
        rules = packed.extractfile("haulage/files/alerts.yml")
        assert rules is not None
        assert rules.read() == (DEPLOY / "prometheus/alerts.yml").read_bytes()


def test_a_field_that_kubernetes_does_not_know_is_found():
    (service,) = of_kind(least(), "Service").values()
    wrong = {**service, "spec": {**service["spec"], "portz": []}}
    assert faults(wrong, "1.37") == [
        "Service haulage-api: /spec: Additional properties are not allowed ('portz' was unexpected)"
    ]


def test_every_role_runs_and_nothing_else():
    assert list(of_kind(everything(), "Deployment")) == [f"haulage-{role}" for role in ROLES]
    assert "haulage-poller" not in of_kind(least(), "Deployment")


@pytest.mark.parametrize("name", [f"haulage-{role}" for role in ROLES] + ["haulage-migrate"])
def test_a_pod_has_no_rights(name):
    its = pods()[name]
    (only,) = its["containers"]
    assert its["securityContext"]["runAsNonRoot"] is True
    assert its["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert its["automountServiceAccountToken"] is False
    assert only["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert only["resources"]["limits"]["memory"]


@pytest.mark.parametrize("name", [f"haulage-{role}" for role in ROLES] + ["haulage-migrate"])
def test_secrets_are_files_and_their_paths_exist(name):
    its = pods()[name]
    (only,) = its["containers"]
    files = {one["name"]: one["value"] for one in only["env"] if one["name"].endswith("_FILE")}
    assert len(files) == 4
    (mount,) = [one for one in only["volumeMounts"] if one["name"] == "secrets"]
    assert all(path.startswith(mount["mountPath"] + "/") for path in files.values())
    assert not any("secretKeyRef" in str(one) for one in only["env"])


@pytest.mark.parametrize("role", ROLES)
def test_every_setting_that_is_given_is_one(role, tmp_path):
    given = environment(role)
    for name, path in given.items():
        if name.endswith("_FILE"):
            file = tmp_path / path.rsplit("/", 1)[1]
            file.write_text(HELD[name])
            given[name] = str(file)

    settings = load(given)

    assert settings.api.max_batch == 500
    assert settings.blob.url == "s3://bucket/haulage"
    assert settings.database.direct_url == "postgresql://direct/d"


@pytest.mark.parametrize("role", ROLES)
def test_what_runs_may_end_or_be_given_back_before_its_pod_is_killed(role):
    shutdown_s = int(environment(role)["HAULAGE_ENGINE_SHUTDOWN_S"])
    assert pod(role)["terminationGracePeriodSeconds"] >= shutdown_s + 20


def test_an_api_server_answers_until_balancers_know_of_its_end():
    hook = container("api")["lifecycle"]["preStop"]
    assert hook == {"exec": {"command": ["sleep", "5"]}}
    margin = pod("api")["terminationGracePeriodSeconds"] - 5
    assert margin > int(environment("api")["HAULAGE_ENGINE_SHUTDOWN_S"])


def test_an_api_server_is_not_taken_away_for_what_is_missing_elsewhere():
    assert container("api")["readinessProbe"]["httpGet"]["path"] == "/health"


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_one_budget_of_disruption_that_lets_a_node_be_emptied(role):
    budget = of_kind(everything(), "PodDisruptionBudget")[f"haulage-{role}"]["spec"]
    labels = deployment(role)["spec"]["template"]["metadata"]["labels"]
    assert budget["maxUnavailable"] == 1
    assert budget["selector"]["matchLabels"].items() <= labels.items()


def test_selectors_tell_the_roles_apart():
    chosen = [
        tuple(sorted(one["spec"]["selector"]["matchLabels"].items()))
        for one in of_kind(everything(), "Deployment").values()
    ]
    assert len(set(chosen)) == len(ROLES)


@pytest.mark.parametrize("role", WORKERS)
def test_workers_are_scaled_by_what_waits_and_runs_in_their_queues(role):
    scaled = of_kind(everything(), "ScaledObject")[f"haulage-{role}"]
    spec = scaled["spec"]
    (trigger,) = spec["triggers"]
    found = named(trigger["metadata"]["query"])
    kind = role.removeprefix("worker-")
    queues = {"io": "io|haulage", "cpu": "cpu", "ocr": "ocr"}[kind]

    assert scaled["apiVersion"] == "keda.sh/v1alpha1"
    assert spec["scaleTargetRef"] == {"name": f"haulage-{role}"}
    assert trigger["type"] == "prometheus"
    assert found.metrics == {"haulage_queue_depth", "haulage_jobs_running"}
    assert found.metrics <= scraped().keys()
    assert trigger["metadata"]["query"].count(f'queue=~"{queues}"') == 2
    # KEDA takes texts alone.
    assert all(isinstance(value, str) for value in trigger["metadata"].values())
    assert 1 <= spec["minReplicaCount"] <= spec["fallback"]["replicas"] <= spec["maxReplicaCount"]
    assert "replicas" not in deployment(role)["spec"]


@pytest.mark.parametrize("role", WORKERS)
def test_what_is_said_of_scaling_is_what_an_autoscaler_takes(role):
    """KEDA's schema is in no package; what it hands on to Kubernetes is checked by Kubernetes'."""
    spec = of_kind(everything(), "ScaledObject")[f"haulage-{role}"]["spec"]
    autoscaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": role},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": role},
            "minReplicas": spec["minReplicaCount"],
            "maxReplicas": spec["maxReplicaCount"],
            **spec["advanced"]["horizontalPodAutoscalerConfig"],
        },
    }
    assert not faults(autoscaler, "1.37")


def test_without_keda_workers_are_as_many_as_is_said():
    documents = tuple(rendered({**LEAST, "keda": {"enabled": False}}))
    assert not of_kind(documents, "ScaledObject")
    assert of_kind(documents, "Deployment")["haulage-worker-io"]["spec"]["replicas"] == 2


def test_a_worker_serves_the_queues_it_is_scaled_by():
    assert container("worker-ocr")["args"][-2:] == ["--queues", "ocr"]
    assert container("worker-io")["args"] == ["worker", "--pool", "io", "--concurrency", "1000"]


def test_a_cpu_pod_has_the_memory_that_its_processes_may_take():
    limit_mb = int(container("worker-cpu")["resources"]["limits"]["memory"][:-2]) * 1024
    each = int(environment("worker-cpu")["HAULAGE_ENGINE_CHILD_LIMIT_MB"])
    processes = int(container("worker-cpu")["args"][-1])
    assert processes * each + 512 <= limit_mb


def test_the_tables_are_there_before_the_processes():
    job = of_kind(everything(), "Job")["haulage-migrate"]
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert job["spec"]["template"]["spec"]["containers"][0]["args"] == ["db", "migrate"]
    # It runs before the account is made, and before an upgrade's.
    assert "serviceAccountName" not in job["spec"]["template"]["spec"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"blobs": {"url": "s3://b"}}, "secret"),
        ({"secret": "haulage"}, "blobs"),
        ({**LEAST, "workres": {}}, "workres"),
        (
            {**LEAST, "settings": {"HAULAGE_DATABASE_URL": "postgresql://u:p@h/d"}},
            "HAULAGE_DATABASE_URL",
        ),
        ({**LEAST, "workers": {"io": {"pool": "gpu"}}}, "pool"),
    ],
    ids=["no secret", "no blobs", "misspelt", "a secret in the open", "no such pool"],
)
def test_values_that_do_not_fit_are_refused_by_their_name(values, said):
    import helm_python

    with pytest.raises(helm_python.HelmError, match=said):
        rendered(values)


def test_no_setting_that_may_come_from_a_file_is_taken_in_the_open():
    schema = json.loads((CHART / "values.schema.json").read_text())
    refused = schema["properties"]["settings"]["propertyNames"]["not"]["pattern"]
    own_files = {name.removesuffix("_FILE") for name in known_variables() if name.endswith("_FILE")}
    assert not [name for name in own_files if not re.search(refused, name)]


def test_names_stay_apart_for_several_releases():
    names = {one["metadata"]["name"] for one in rendered(EVERYTHING, name="blue")}
    assert all(name.startswith("blue-haulage") for name in names)


def test_the_chart_is_of_this_version():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["appVersion"] == chart["version"] == __version__
