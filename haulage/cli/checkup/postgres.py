"""PostgreSQL: does it answer, is it new enough, is its schema ours, does it keep what it takes?"""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from haulage.cli.checkup.connections import connection_checks
from haulage.cli.checkup.findings import (
    CONNECT_TIMEOUT_S,
    Finding,
    Level,
    Surroundings,
    clock,
    hosts_of,
    is_this_machine,
)
from haulage.cli.checkup.fleet import fleet_checks
from haulage.cli.checkup.pooler import pooler_checks
from haulage.domain.errors import Unavailable

if TYPE_CHECKING:
    from haulage.storage.revisions import Standing
    from haulage.storage.server_facts import ServerFacts

MAJORS = range(15, 19)


def postgres_checks(around: Surroundings) -> Iterator[Finding]:
    """The server, its schema, its clock, and the workers that it knows."""
    if not around.database_url:
        yield Finding(Level.WARN, "PostgreSQL", "HAULAGE_DATABASE_URL is not set", "haulage up")
        return
    from haulage.storage.server_facts import look

    try:
        facts = look(around.database_url, connect_timeout_s=CONNECT_TIMEOUT_S)
    except Unavailable as error:
        yield Finding(
            Level.FAIL,
            "PostgreSQL",
            f"does not answer: {error}",
            "Start it, or correct HAULAGE_DATABASE_URL; `haulage up` brings its own.",
        )
        return
    if facts.major not in MAJORS:
        why = f"is version {facts.major}; {MAJORS[0]} to {MAJORS[-1]} will do"
        yield Finding(Level.FAIL, "PostgreSQL", why, "Upgrade it.")
        return
    yield Finding(Level.OK, "PostgreSQL", f"version {facts.major}.{facts.version % 10_000}")
    found = _standing(around.database_url)
    yield from _schema(around, found)
    yield from _durability(facts)
    yield from _door(around, facts)
    yield from connection_checks(facts)
    yield from pooler_checks(around.database_url, facts, direct_url=around.direct_url)
    yield clock("PostgreSQL clock", facts.ahead_s, facts.ahead_within_s, matters=False)
    yield from fleet_checks(around, facts.workers, oldest_code=found.oldest_code)


def _standing(url: str) -> "Standing":
    from haulage.storage import revisions

    return revisions.standing(url)


def _schema(around: Surroundings, found: "Standing") -> Iterator[Finding]:
    if found.is_current:
        yield Finding(Level.OK, "schema", f"up to date (revision {found.newest})")
    elif found.is_ahead:
        why = f"ahead, at revision {found.current}; this code is of {found.newest}"
        mend = f"pip install --upgrade haulage   # here; {found.migrated_by or 'newer'} migrated"
        yield (
            Finding(Level.WARN, "schema", f"{why} and still fits", mend)
            if found.fits
            else Finding(Level.FAIL, "schema", f"{why} and does not fit any more", mend)
        )
    else:
        why = f"at revision {found.current or 'none'}, not at {found.newest}"
        mend = (
            "Stop `haulage up` and start it again: it migrates first."
            if around.is_up and not os.environ.get("HAULAGE_DATABASE_URL")
            else "haulage db migrate"
        )
        yield Finding(Level.FAIL, "schema", why, mend)


def _durability(facts: "ServerFacts") -> Iterator[Finding]:
    off = [name for name in ("fsync", "full_page_writes") if facts.settings.get(name) == "off"]
    if off:
        why = f"{' and '.join(off)} off: a power cut can destroy the database, jobs and all"
        mend = f"psql -c 'ALTER SYSTEM RESET {off[0]}' -c 'SELECT pg_reload_conf()'"
        yield Finding(Level.FAIL, "durability", why, mend)
    elif facts.settings.get("synchronous_commit") == "off":
        why = "synchronous_commit is off: a crash of the server loses jobs that were accepted"
        mend = "psql -c 'ALTER SYSTEM RESET synchronous_commit' -c 'SELECT pg_reload_conf()'"
        yield Finding(Level.WARN, "durability", why, mend)
    else:
        yield Finding(Level.OK, "durability", "what is committed is on the disk")


def _door(around: Surroundings, facts: "ServerFacts") -> Iterator[Finding]:
    """How we come in: nothing to say of a server that `haulage up` brought."""
    assert around.database_url
    if around.is_up and not os.environ.get("HAULAGE_DATABASE_URL"):
        return
    if facts.is_superuser:
        why = "is a superuser: who gets at this URL can read the server's files, not only the jobs"
        mend = "psql -c 'CREATE ROLE haulage LOGIN PASSWORD …'   # it owns its database, no more"
        yield Finding(Level.WARN, "PostgreSQL role", why, mend)
    if not facts.is_encrypted and not is_this_machine(hosts_of(around.database_url)):
        why = "jobs and the password pass over the network for everybody in between to read"
        mend = "Give HAULAGE_DATABASE_URL ?sslmode=verify-full&sslrootcert=…"
        yield Finding(Level.WARN, "PostgreSQL TLS", why, mend)
