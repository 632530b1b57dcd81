"""Containers of the image that `tools/image.py` built, started as compose.production.yaml says."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from tools.compose_files import compose

SERVICES = compose("compose.production.yaml")["services"]


def engine(*words: object, check: bool = True) -> "subprocess.CompletedProcess[str]":
    """What Docker or Podman makes of `words`; its output in one."""
    return subprocess.run(
        [os.environ["HAULAGE_TEST_ENGINE"], *map(str, words)],
        check=check,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


class Container:
    """A service on the host's network, all else of it as in the file; removed at the end.

    `secrets` is the folder of their files, `blobs` the name of the volume. Ports differ: everything
    meets on one network here.
    """

    def __init__(
        self,
        service: str,
        *,
        secrets: Path,
        blobs: str,
        port: int,
        command: Sequence[str] | None = None,
        environment: Mapping[str, str],
    ) -> None:
        its = SERVICES[service]
        self.service, self.port = service, port
        self._check = healthcheck(its, port)
        words = [
            *hardening(its),
            "--network",
            "host",
            "--volume",
            f"{blobs}:/var/lib/haulage/blobs",
        ]
        for name in ("database_url", "redis_url", "webhooks_keys"):
            words += ["--volume", f"{secrets / name}:/run/secrets/{name}:ro"]
        given = {**its["environment"], "HAULAGE_METRICS_PORT": str(port), **environment}
        # Nobody receives traces here.
        given.pop("OTEL_EXPORTER_OTLP_ENDPOINT")
        for name, value in given.items():
            words += ["--env", f"{name}={value}"]
        image = os.environ["HAULAGE_TEST_IMAGE"]
        said = engine(
            "run", "--detach", "--no-healthcheck", *words, image, *(command or its["command"])
        )
        self.id = said.stdout.split()[-1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Shown where a test fails.
        sys.stderr.write(f"── {self.service}\n{self.said()[-4000:]}\n")
        engine("rm", "--force", "--volumes", self.id)

    def exec(self, *command: object) -> "subprocess.CompletedProcess[str]":
        """What a command says in it, whatever its exit code."""
        return engine("exec", self.id, *command, check=False)

    def is_well(self) -> bool:
        """What the file's own health check says."""
        return self.exec(*self._check).returncode == 0

    def stop(self, within_s: int) -> int:
        """SIGTERM, and SIGKILL if it takes longer; its exit code."""
        engine("stop", "--time", within_s, self.id)
        return int(engine("wait", self.id).stdout)

    def said(self) -> str:
        """Its log."""
        return engine("logs", self.id).stdout


def hardening(its: Mapping[str, Any]) -> list[str]:
    """Who it runs as, and what it may and may not."""
    limits = its["deploy"]["resources"]["limits"]
    assert its["read_only"]
    assert its["cap_drop"] == ["ALL"]
    assert its["security_opt"] == ["no-new-privileges:true"]
    return [
        *("--user", its["user"], "--read-only", "--init"),
        *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
        *("--memory", limits["memory"], "--pids-limit", str(limits["pids"])),
        *(word for mount in its["tmpfs"] for word in ("--tmpfs", mount)),
    ]


def limit_mb(its: Mapping[str, Any]) -> int:
    """What the file lets a service have of memory."""
    said = its["deploy"]["resources"]["limits"]["memory"]
    return int(said[:-1]) * {"m": 1, "g": 1024}[said[-1]]


def healthcheck(its: Mapping[str, Any], port: int) -> list[str]:
    """The command of the file, which asks `port` in place of the one that it names."""
    _, *command, page = its["healthcheck"]["test"]
    return [*command, f"{port}/{page.partition('/')[2]}"]


def image(name: str) -> Any:
    """What the engine knows of an image."""
    return json.loads(engine("image", "inspect", name).stdout)[0]


def size_mb(name: str) -> float:
    """What an image takes unpacked, what it is built on included."""
    return float(image(name)["Size"]) / 1e6
