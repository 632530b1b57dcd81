"""nginx with the configuration of deploy/, on a port of this machine."""

import signal
from collections.abc import Sequence
from pathlib import Path

from deploy.nginx.edge import Edge
from haulage.runtime.http_probe import HttpProbe
from haulage.runtime.process import ProcessSpec, StopStep

HOST = "127.0.0.1"


def nginx(folder: Path, port: int, upstream_ports: Sequence[int]) -> ProcessSpec:
    """nginx on `port` before the API servers on `upstream_ports`."""
    folder.mkdir(parents=True, exist_ok=True)
    edge = Edge(
        run=folder,
        listen=f"{HOST}:{port}",
        api=[f"{HOST}:{one}" for one in upstream_ports],
        access_log=str(folder / "access.log"),
    )
    edge.write()
    return ProcessSpec(
        "nginx",
        tuple(edge.command()),
        cwd=folder,
        stop=(StopStep(signal.SIGTERM, 5),),
        ready=HttpProbe(HOST, port, "/edge/health"),
        ready_timeout_s=60,
    )
