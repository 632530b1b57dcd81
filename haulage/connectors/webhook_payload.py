"""What is sent to an endpoint: small, and the same in every try. Inputs, results and texts of
errors stay here; links lead to them."""

from collections.abc import Mapping
from typing import Any

from haulage.domain.webhook import WebhookEvent
from haulage.storage.delivery_store import Due
from haulage.storage.json_text import dumps

_JOBS = "/api/v1/jobs"


def payload(due: Due, *, base_url: str) -> bytes:
    """The body. `base_url` is where the API is seen from outside; empty leaves paths."""
    data = _job(due, base_url) if due.job_id else dict(due.about)
    at = due.at.isoformat().replace("+00:00", "Z")
    return dumps({"type": due.event, "timestamp": at, "data": data}).encode()


def _job(due: Due, base_url: str) -> Mapping[str, Any]:
    about, job = due.about, f"{base_url}{_JOBS}/{due.job_id}"
    links = {"job": job}
    if due.event == WebhookEvent.JOB_SUCCEEDED:
        links["result"] = f"{job}/result"
    return {
        "job_id": due.job_id,
        # Grows within a job: of two that cross on their way, the later one has the larger.
        "seq": due.seq,
        "job_type": about["type"],
        "queue": about["queue"],
        "tags": about["tags"],
        "run": about["run"],
        "attempt": about["attempt"],
        "error_code": about["code"],
        "links": links,
    }
