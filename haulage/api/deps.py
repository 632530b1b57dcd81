"""What every route works with, and on whose behalf.

Who calls is found by the guard in front of every route (`guard.py`) and kept with the request.
"""

from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from starlette.requests import HTTPConnection

from haulage.accounts.gate import Gate
from haulage.accounts.principal import Principal
from haulage.accounts.quota import Quota
from haulage.api.arrivals import Arrivals
from haulage.api.events import EventHub
from haulage.api.page_images import PageImages
from haulage.api.readiness import Readiness
from haulage.api.type_documents import TypeDocuments
from haulage.connectors.vault import Vault
from haulage.domain.job import Job
from haulage.engine.batcher import Batcher
from haulage.engine.control import Control
from haulage.engine.intake import Intake
from haulage.engine.services import Services
from haulage.limits.installation import Limits
from haulage.settings import Settings
from haulage.storage.job_reads import JobReads

# Single jobs by their ids and tenants.
Looks: TypeAlias = Batcher[tuple[UUID, str], Job | None]
# Read at once, each with its result where that is small.
MOST_LOOKS = 100

_CALLER = "haulage.caller"


@dataclass(frozen=True, slots=True)
class Deps:
    """Built once for each application (`make_app`)."""

    services: Services
    intake: Intake
    control: Control
    reads: JobReads
    looks: Looks
    settings: Settings
    hub: EventHub
    readiness: Readiness
    types: TypeDocuments
    limits: Limits
    gate: Gate
    quota: Quota
    arrivals: Arrivals
    pages: PageImages
    vault: Vault


def looks_of(reads: JobReads) -> Looks:
    """Jobs that are asked for while a look is under way go together in the next one: where
    thousands poll it costs a fraction of one statement each, and alone nobody waits."""
    return Batcher("look", reads.each, max_items=MOST_LOOKS)


def of(request: HTTPConnection) -> Deps:
    """The application's parts. A plain call: FastAPI's injection costs more than some routes."""
    deps: Deps = request.app.state.deps
    return deps


def principal(request: HTTPConnection) -> Principal:
    """Who sent `request`. An open route (`@needs()`) must not ask."""
    caller: Principal = request.scope[_CALLER]
    return caller


def keep(request: HTTPConnection, caller: Principal) -> None:
    """For the guard alone."""
    request.scope[_CALLER] = caller
