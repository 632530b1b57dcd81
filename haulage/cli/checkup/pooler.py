"""A pooler before PostgreSQL: is it known to be there, and does it do what Haulage counts on?"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from haulage.cli.checkup.findings import CONNECT_TIMEOUT_S, Finding, Level
from haulage.domain.errors import Unavailable

if TYPE_CHECKING:
    from haulage.storage.server_facts import ServerFacts

DIRECT = "HAULAGE_DATABASE_DIRECT_URL"
_NAME_THE_SERVER = f"export {DIRECT}=postgresql://user:password@server:5432/name"


def pooler_checks(url: str, facts: "ServerFacts", *, direct_url: str | None) -> Iterator[Finding]:
    """Nothing where connections go to the server itself, and none is expected in between."""
    from haulage.storage.server_facts import lends_sessions

    try:
        lends = lends_sessions(url, connect_timeout_s=CONNECT_TIMEOUT_S)
        behind = direct_url and lends_sessions(direct_url, connect_timeout_s=CONNECT_TIMEOUT_S)
    except Unavailable as error:
        yield Finding(Level.FAIL, "pooler", f"{DIRECT}: {error}", _NAME_THE_SERVER)
        return
    if lends and not direct_url:
        why = (
            "HAULAGE_DATABASE_URL leads through a pooler in transaction mode: prepared statements "
            "break there, and no dispatcher can lead"
        )
        yield Finding(Level.FAIL, "pooler", why, _NAME_THE_SERVER)
    elif behind:
        why = f"{DIRECT} leads through a pooler, too: no dispatcher can lead"
        yield Finding(Level.FAIL, "pooler", why, _NAME_THE_SERVER)
    elif direct_url and facts.settings.get("enable_seqscan") == "on":
        why = "its sessions may read whole tables while statistics are old"
        mend = "connect_query='SET enable_seqscan = off'   # in pgbouncer.ini, [databases]"
        yield Finding(Level.WARN, "pooler", why, mend)
    elif direct_url:
        yield Finding(Level.OK, "pooler", "leadership and LISTEN go past it")
