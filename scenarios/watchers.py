"""Flower and Prometheus, as they stand beside a production system."""

import json
import shutil
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from haulage.runtime.http_probe import HttpProbe
from haulage.runtime.process import ProcessSpec, StopStep

HOST = "127.0.0.1"
FLOWER_USER = "ada:lovelace"


def flower(port: int, environment: Mapping[str, str]) -> ProcessSpec:
    """Flower behind basic auth, on the broker that `environment` names."""
    words = ("-m", "celery", "-A", "haulage.wiring", "flower")
    options = (f"--address={HOST}", f"--port={port}", f"--basic-auth={FLOWER_USER}")
    return ProcessSpec(
        "flower",
        (sys.executable, *words, *options),
        env=environment,
        stop=(StopStep(signal.SIGTERM, 5),),
        ready=HttpProbe(HOST, port, "/healthcheck"),
        ready_timeout_s=60,
    )


def prometheus(folder: Path, port: int, targets: Mapping[str, int], key_file: Path) -> ProcessSpec:
    """Prometheus that looks at each of `targets` (a name and a port) every second."""
    folder.mkdir(parents=True, exist_ok=True)
    configuration = folder / "prometheus.yml"
    # JSON is YAML.
    jobs = [
        {
            "job_name": "haulage",
            "authorization": {"credentials_file": str(key_file)},
            "static_configs": [
                {"targets": [f"{HOST}:{its_port}"], "labels": {"process": name}}
                for name, its_port in targets.items()
            ],
        }
    ]
    configuration.write_text(
        json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}, indent=1)
    )
    return ProcessSpec(
        "prometheus",
        (
            str(shutil.which("prometheus") or "/usr/bin/prometheus"),
            f"--config.file={configuration}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={HOST}:{port}",
            "--log.level=warn",
        ),
        cwd=folder,
        stop=(StopStep(signal.SIGTERM, 10),),
        ready=HttpProbe(HOST, port, "/-/ready"),
        ready_timeout_s=60,
    )
