"""What every route works with, and on whose behalf.

There is no authentication yet: everybody is anonymous and belongs to the one tenant. `principal` is
the only place that says so.
"""

from dataclasses import dataclass

from starlette.requests import HTTPConnection

from haulage.api.arrivals import Arrivals
from haulage.api.events import EventHub
from haulage.api.readiness import Readiness
from haulage.api.type_documents import TypeDocuments
from haulage.domain.job import DEFAULT_TENANT, NOBODY, JobCaller
from haulage.engine.control import Control
from haulage.engine.intake import Intake
from haulage.engine.services import Services
from haulage.limits.installation import Limits
from haulage.settings import Settings
from haulage.storage.job_reads import JobReads


@dataclass(frozen=True, slots=True)
class Deps:
    """Built once for each application (`make_app`)."""

    services: Services
    intake: Intake
    control: Control
    reads: JobReads
    settings: Settings
    hub: EventHub
    readiness: Readiness
    types: TypeDocuments
    limits: Limits
    arrivals: Arrivals


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `subject` is what the audit fields keep, such as a job's `cancelled_by`; `caller`
    what limits count for, nobody while nobody is known."""

    tenant: str
    subject: str
    caller: JobCaller = NOBODY


def of(request: HTTPConnection) -> Deps:
    """The application's parts. A plain call: FastAPI's injection costs more than some routes."""
    deps: Deps = request.app.state.deps
    return deps


def principal(request: HTTPConnection) -> Principal:
    """Who sent `request`."""
    host = request.client.host if request.client else "unknown"
    return Principal(tenant=DEFAULT_TENANT, subject=f"anonymous@{host}")
