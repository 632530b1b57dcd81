"""The chart against the image that its pods run: user, folders, ports and commands."""

import os
import re
from pathlib import PurePosixPath
from typing import Any

import pytest
import typer.main
from chart import EVERYTHING, of_kind, rendered

from haulage.cli.main import app
from tools.compose_files import DEPLOY

pytestmark = pytest.mark.skipif(
    os.environ.get("HAULAGE_TEST_DEPLOY") != "1", reason="the group `deploy` runs them"
)
IMAGE = (DEPLOY / "docker" / "Dockerfile").read_text().rpartition("\nFROM ")[2]
SETTINGS = dict(re.findall(r"(HAULAGE_\w+)=(\S+)", IMAGE))


def pods() -> dict[str, dict[str, Any]]:
    """As chart says with blobs on a volume, the only case where pods write to the folder."""
    documents = tuple(rendered({**EVERYTHING, "blobs": {"claim": "blobs"}}))
    makers = {**of_kind(documents, "Deployment"), **of_kind(documents, "Job")}
    return {name: one["spec"]["template"]["spec"] for name, one in makers.items()}


PODS = pods() if os.environ.get("HAULAGE_TEST_DEPLOY") == "1" else {}


@pytest.mark.parametrize("name", PODS)
def test_a_pod_runs_as_the_user_that_the_image_was_made_for(name):
    said = PODS[name]["securityContext"]
    assert f"USER {said['runAsUser']}:{said['runAsGroup']}\n" in IMAGE
    # What belongs to root alone, as a mounted Secret does, is read through the group.
    assert said["fsGroup"] == said["runAsGroup"]


@pytest.mark.parametrize("name", PODS)
def test_a_pod_may_write_where_the_image_writes(name):
    (only,) = PODS[name]["containers"]
    written = {one["mountPath"] for one in only["volumeMounts"] if not one.get("readOnly")}
    assert written == {"/tmp", SETTINGS["HAULAGE_BLOB_URL"]}
    assert f"install -d -o haulage -g haulage {SETTINGS['HAULAGE_BLOB_URL']}" in IMAGE
    assert PurePosixPath(SETTINGS["HAULAGE_BLOB_URL"]).is_absolute()


@pytest.mark.parametrize("name", PODS)
def test_a_pod_gives_the_images_own_program_a_command_that_it_knows(name):
    (only,) = PODS[name]["containers"]
    assert 'ENTRYPOINT ["haulage"]' in IMAGE
    assert "command" not in only
    command, words = typer.main.get_command(app), list(only["args"])
    while hasattr(command, "get_command"):
        group = command.make_context("haulage", [], resilient_parsing=True)
        command = command.get_command(group, words.pop(0))
    # Raises for an option that it does not have.
    command.make_context("haulage", words)


@pytest.mark.parametrize("name", PODS)
def test_a_pod_is_asked_at_the_ports_that_the_image_answers_at(name):
    (only,) = PODS[name]["containers"]
    ports = {one["name"]: one["containerPort"] for one in only.get("ports", ())}
    exposed = set(map(int, re.search(r"^EXPOSE (.+)$", IMAGE, re.M)[1].split()))
    assert set(ports.values()) <= exposed
    if "metrics" in ports:
        assert str(ports["metrics"]) == SETTINGS["HAULAGE_METRICS_PORT"]
        # Who listens on loopback is not reached by the kubelet.
        assert SETTINGS["HAULAGE_METRICS_HOST"] == "0.0.0.0"
    probes = [only[key] for key in only if key.endswith("Probe")]
    assert len(probes) == (0 if name == "haulage-migrate" else 3)
    assert {probe["httpGet"]["port"] for probe in probes} <= ports.keys()
