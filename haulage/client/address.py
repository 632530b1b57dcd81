"""Where the API is: said, found in the environment, or left behind by a running `haulage up`."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from haulage.client.errors import BadAddress

DEFAULT_URL = "http://127.0.0.1:8700"
READY_FILE = "ready.json"
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Address:
    """A base URL without a trailing slash, and in words where it came from. `key` is one that was
    found with it."""

    url: str
    source: str
    key: str | None = None

    @property
    def is_loopback(self) -> bool:
        """Whether the API is on this machine, where no proxy belongs in between."""
        return urlsplit(self.url).hostname in LOOPBACK_HOSTS


def find_address(url: str | None = None, environ: Mapping[str, str] = os.environ) -> Address:
    """The first of: `url`, `HAULAGE_URL`, the running `haulage up`, http://127.0.0.1:8700.

    Raises `BadAddress` when what was said is no http(s) URL.
    """
    if url:
        return _checked(url, "given")
    if environ.get("HAULAGE_URL"):
        return _checked(environ["HAULAGE_URL"], "from HAULAGE_URL")
    ready = default_data_folder(environ) / READY_FILE
    announced = _announced(ready)
    if url := announced.get("url"):
        found = _checked(url, f"from {ready}")
        return replace(found, key=announced.get("key"))
    return Address(DEFAULT_URL, f"the default: HAULAGE_URL is not set and there is no {ready}")


def default_data_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """`$HAULAGE_DATA`, else `$XDG_DATA_HOME/haulage`, else `~/.local/share/haulage`."""
    if environ.get("HAULAGE_DATA"):
        return Path(environ["HAULAGE_DATA"]).expanduser()
    share = environ.get("XDG_DATA_HOME") or Path("~/.local/share").expanduser()
    return Path(share) / "haulage"


def _checked(url: str, source: str) -> Address:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadAddress(f"{url!r} ({source}) is not an http or https URL, such as {DEFAULT_URL}")
    return Address(url.rstrip("/"), source)


def _announced(ready: Path) -> Mapping[str, str]:
    # The file may be half written, or from a version that says less: then it says nothing.
    try:
        said = json.loads(ready.read_text("utf-8"))
        return {name: said[name] for name in ("url", "key") if isinstance(said.get(name), str)}
    except (OSError, ValueError, AttributeError):
        return {}
