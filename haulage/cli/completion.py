"""What a shell offers for an argument: names that only the API knows.

A Tab key must neither hang nor print: an API that is away or slow offers nothing.
"""

import socket
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import TypeAlias
from urllib.parse import urlsplit

from haulage.client import Client, find_address
from haulage.domain.errors import HaulageError
from haulage.domain.lifecycle import LIVE, REDRIVABLE, State

KNOCK_S = 0.3
ANSWER_S = 1.0
JOBS_OFFERED = 20
# A word, or a word and what a shell may show beside it.
Offer: TypeAlias = "str | tuple[str, str]"
Completion: TypeAlias = Callable[[str], list[Offer]]


def _asking(ask: Callable[[Client], Iterable[Offer]]) -> Completion:
    def complete(incomplete: str) -> list[Offer]:
        try:
            _knock()
            with Client(timeout_s=ANSWER_S) as client:
                offers = list(ask(client))
        except (HaulageError, OSError):
            return []
        return [one for one in offers if _word(one).startswith(incomplete)]

    return complete


def _knock() -> None:
    # A client tries again and again, rightly; here nobody wants to wait for that.
    address = urlsplit(find_address().url)
    port = address.port or (443 if address.scheme == "https" else 80)
    socket.create_connection((address.hostname or "", port), KNOCK_S).close()


def _word(offer: Offer) -> str:
    return offer if isinstance(offer, str) else offer[0]


def _jobs(states: Iterable[str] = ()) -> Completion:
    wanted: Sequence[str] = sorted(states)

    def ask(client: Client) -> Iterable[Offer]:
        newest = client.list(state=wanted, page_size=JOBS_OFFERED)
        return [(str(job.id), f"{job.type} {job.state}") for job in islice(newest, JOBS_OFFERED)]

    return _asking(ask)


def _types(client: Client) -> Iterable[Offer]:
    return [(one.name, one.description.partition("\n")[0]) for one in client.types()]


job_types = _asking(_types)
job_ids = _jobs()
live_job_ids = _jobs(LIVE)
redrivable_job_ids = _jobs(REDRIVABLE)
dead_letter_ids = _jobs([State.FAILED])
bulk_ids = _asking(
    lambda client: [
        (str(one.id), f"{one.action} {one.state}")
        for one in islice(client.bulks(page_size=JOBS_OFFERED), JOBS_OFFERED)
    ]
)
queue_names = _asking(lambda client: [one.name for one in client.queues()])
schedule_names = _asking(lambda client: [(one.name, one.cron) for one in client.schedules()])
worker_ids = _asking(lambda client: [(str(one.id), one.name) for one in client.workers()])
