"""The image's and the compose files' form, by other people's programs: the group `deploy`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.compose_files import DEPLOY, compose

pytestmark = pytest.mark.skipif(
    os.environ.get("HAULAGE_TEST_DEPLOY") != "1", reason="the group `deploy` runs them"
)


@pytest.mark.parametrize("name", sorted(path.name for path in DEPLOY.glob("compose*.yaml")))
def test_a_compose_file_is_what_the_specification_says(name):
    from compose_spec import PyCompose

    document = PyCompose.from_json(json.dumps(compose(name)))

    document.validate()
    assert document.service_names()


def test_the_image_is_described_without_a_known_mistake():
    hadolint = Path(sys.executable).with_name("hadolint")
    found = subprocess.run(
        [hadolint, DEPLOY / "docker" / "Dockerfile"], capture_output=True, text=True
    )
    assert (found.returncode, found.stdout) == (0, "")
