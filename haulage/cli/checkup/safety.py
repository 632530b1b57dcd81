"""Settings that are fine on a developer's machine and dangerous where others come near."""

import os
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from haulage.cli.checkup.findings import Finding, Level, Surroundings, hosts_of, is_this_machine
from haulage.domain.errors import HaulageError

if TYPE_CHECKING:
    from haulage.settings import Settings

WEB_ALLOW_PRIVATE = "HAULAGE_HANDLER_WEB_ALLOW_PRIVATE"
REACH = "the addresses of your own network and of the cloud's metadata: what it holds can be asked"


def safety_checks(around: Surroundings) -> Iterator[Finding]:
    """One finding for each such setting, or one that says that there is none."""
    from haulage.settings import load

    try:
        settings = load()
    except HaulageError:
        # The settings' own check says what is wrong with them.
        return
    checks: tuple[Callable[[Surroundings, Settings], Iterator[Finding]], ...] = (
        _callers,
        _private_addresses,
        _proxies,
        _log,
        _links,
    )
    findings = [finding for check in checks for finding in check(around, settings)]
    yield from findings or [Finding(Level.OK, "safety", "no setting is unsafe in production")]


def _callers(_: Surroundings, settings: "Settings") -> Iterator[Finding]:
    # A developer's own `haulage up` names no server.
    if settings.database.url and not settings.auth.enabled:
        why = "everybody: without authentication who reaches the API is its operator"
        mend = "export HAULAGE_AUTH_ENABLED=true   # the first key: haulage keys create --help"
        yield Finding(Level.WARN, "who may call", why, mend)


def _private_addresses(_: Surroundings, settings: "Settings") -> Iterator[Finding]:
    if settings.webhooks.allow_private:
        why = f"who may make an endpoint reaches {REACH}"
        mend = "unset HAULAGE_WEBHOOKS_ALLOW_PRIVATE"
        yield Finding(Level.WARN, "webhooks", why, mend)
    if os.environ.get(WEB_ALLOW_PRIVATE, "").lower() in ("1", "true", "yes", "on"):
        why = f"who may submit web_scrape reaches {REACH}"
        yield Finding(Level.WARN, "web fetches", why, f"unset {WEB_ALLOW_PRIVATE}")


def _proxies(_: Surroundings, settings: "Settings") -> Iterator[Finding]:
    everybody = [str(one) for one in settings.api.trusted_proxies if one.prefixlen == 0]
    if everybody:
        why = f"{everybody[0]} is everybody: each caller says from where it comes, in the audit too"
        mend = "export HAULAGE_API_TRUSTED_PROXIES=10.0.0.0/8   # those of your proxies alone"
        yield Finding(Level.FAIL, "trusted proxies", why, mend)


def _log(_: Surroundings, settings: "Settings") -> Iterator[Finding]:
    if settings.log.level == "DEBUG":
        why = "DEBUG: libraries say what they send and get, more than logs should keep"
        yield Finding(Level.WARN, "log level", why, "export HAULAGE_LOG_LEVEL=INFO")


def _links(_: Surroundings, settings: "Settings") -> Iterator[Finding]:
    url = settings.webhooks.base_url
    if url.startswith("http://") and not is_this_machine(hosts_of(url)):
        why = f"webhooks lead to {url}, where keys pass unencrypted"
        mend = "export HAULAGE_WEBHOOKS_BASE_URL=https://…   # TLS at the proxy"
        yield Finding(Level.WARN, "links", why, mend)
