"""The yardstick for an upload: a Starlette route that writes its body to a file, whatever it is."""

import os
import tempfile
from pathlib import Path
from uuid import uuid4

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bench import serving

FOLDER = tempfile.TemporaryDirectory(prefix="haulage-bench-bare-")


async def ready(_request: Request) -> Response:
    """For whoever starts it."""
    return JSONResponse({})


async def upload(request: Request) -> Response:
    """The body as it comes, form and all."""
    path = Path(FOLDER.name, uuid4().hex)
    # In the loop's own thread, as the simplest route would: nothing here is quicker.
    with path.open("wb") as file:  # noqa: ASYNC230
        async for piece in request.stream():
            file.write(piece)
    return JSONResponse({"id": path.name, "size": os.stat(path).st_size}, status_code=201)


app = Starlette(
    routes=[Route("/ready", ready), Route("/files", upload, methods=["POST"])],
)

if __name__ == "__main__":
    serving.serve(app)
    FOLDER.cleanup()
