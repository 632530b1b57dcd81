"""Secrets that come in files, as Docker and Kubernetes hand them over.

`HAULAGE_DATABASE_URL_FILE` names a file that holds what `HAULAGE_DATABASE_URL` would, and so on for
each of `HELD`. Read once, when the process starts. Keys of providers have files of their own, which
are read again when the provider refuses what they held.
"""

from collections.abc import Mapping
from pathlib import Path

# Most of them are addresses: a password stands in it.
HELD = (
    "HAULAGE_DATABASE_URL",
    "HAULAGE_DATABASE_DIRECT_URL",
    "HAULAGE_REDIS_URL",
    "HAULAGE_BROKER_URL",
    "HAULAGE_AUTH_JWT_SECRET",
    "HAULAGE_PAYLOAD_KEYS",
    "HAULAGE_WEBHOOKS_KEYS",
    "HAULAGE_PROVIDERS_COMPATIBLE_KEYS",
)
SUFFIX = "_FILE"
VARIABLES = tuple(f"{name}{SUFFIX}" for name in HELD)


def opened(environ: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """`environ` with what the files hold in the place of their names, and what is wrong with them.

    Only the end of a line is taken off what a file holds. A fault never says what that is.
    """
    found = dict(environ)
    faults = []
    for name in HELD:
        path = found.pop(f"{name}{SUFFIX}", "")
        if not path:
            continue
        if found.get(name):
            faults.append(f"{name} and {name}{SUFFIX} are both set; leave one of them out.")
            continue
        try:
            held = Path(path).read_text().rstrip("\r\n")
        except (OSError, UnicodeDecodeError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            faults.append(f"{name}{SUFFIX}: {path} can't be read: {why}.")
            continue
        if held:
            found[name] = held
        else:
            faults.append(f"{name}{SUFFIX}: {path} is empty.")
    return found, faults
