"""Whether there is anything to pull tasks from: then `haulage up` runs the poller, too.

Looked up without the settings, whose import would make every start later; the poller itself checks.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path

ADDRESSES = ("HAULAGE_POLLER_API_BASE_URL", "API_BASE_URL")


def names_source(environ: Mapping[str, str]) -> bool:
    """An address in `environ`, or sources in its file."""
    if any(environ.get(name) for name in ADDRESSES):
        return True
    try:
        text = Path(environ.get("HAULAGE_CONFIG") or "haulage.toml").read_text()
        return bool(tomllib.loads(text).get("sources"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        # Those who work by the file say what is wrong with it.
        return False
