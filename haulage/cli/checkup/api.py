"""The API: does it answer, and would a job that is submitted now run?"""

import os
from collections.abc import Iterator

from haulage.cli.checkup.findings import CONNECT_TIMEOUT_S, Finding, Level, Surroundings
from haulage.client import Client
from haulage.domain.errors import HaulageError


def api_checks(around: Surroundings) -> Iterator[Finding]:
    """Nobody promised an API on this machine, unless the settings or a `haulage up` say so."""
    said_where = bool(os.environ.get("HAULAGE_URL")) or around.is_up
    try:
        with Client(timeout_s=CONNECT_TIMEOUT_S) as client:
            health = client.health()
            url = client.address.url
            ready = client.ready()
    except HaulageError as error:
        level = Level.FAIL if said_where else Level.WARN
        yield Finding(level, "API", str(error), getattr(error, "hint", "") or "haulage up")
        return
    yield Finding(Level.OK, "API", f"{url} answers: {health.get('status', 'ok')}")
    for name, part in ready.get("parts", {}).items():
        if not part["ready"]:
            yield Finding(Level.FAIL, name, part["detail"], _starts(name))
    if ready.get("status") == "ready":
        yield Finding(Level.OK, "readiness", "a job that is submitted now would run")


def _starts(part: str) -> str:
    """The command that starts a part of an installation, by its name in `/ready`."""
    kind, _, pool = part.partition("-")
    if kind == "worker":
        return f"haulage worker --pool {pool}"
    return "haulage dispatcher" if kind == "dispatcher" else ""
