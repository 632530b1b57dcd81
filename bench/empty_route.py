"""The yardstick for one POST: a FastAPI route that validates the same body and does nothing.

`python -m bench.empty_route PORT` serves it as Haulage's API is served: one process, uvloop.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from fastapi import FastAPI

from haulage.api.models import Submit
from haulage.runtime import ports
from haulage.runtime.http_probe import HttpProbe

app = FastAPI()


@app.get("/ready")
async def ready() -> dict[str, str]:
    """For whoever starts it."""
    return {}


@app.post("/jobs", status_code=202)
async def nothing(body: Submit) -> dict[str, str]:
    """Validate and answer."""
    return {"type": body.type}


@contextmanager
def running() -> Iterator[str]:
    """Its URL, while it serves."""
    with ports.reserve_free() as port:
        process = subprocess.Popen([sys.executable, "-m", "bench.empty_route", str(port.number)])
        try:
            probe = HttpProbe("127.0.0.1", port.number, "/ready")
            while not probe():
                if process.poll() is not None:
                    raise RuntimeError(f"the empty route ended with {process.returncode}")
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port.number}"
        finally:
            process.terminate()
            process.wait(10)


if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
    )
