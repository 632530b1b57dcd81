"""The yardstick for one POST: a FastAPI route that validates the same body and does nothing."""

from fastapi import FastAPI

from bench import serving
from haulage.api.models import Submit

app = FastAPI()


@app.get("/ready")
async def ready() -> dict[str, str]:
    """For whoever starts it."""
    return {}


@app.post("/jobs", status_code=202)
async def nothing(body: Submit) -> dict[str, str]:
    """Validate and answer."""
    return {"type": body.type}


if __name__ == "__main__":
    serving.serve(app)
