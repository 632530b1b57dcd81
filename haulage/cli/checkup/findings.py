"""What the doctor's checks say, and what they may know about their surroundings."""

import importlib.util
import json
import os
import socket
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from haulage import secret_files
from haulage.cli.complaints import EXTRAS
from haulage.client import default_data_folder
from haulage.client.address import READY_FILE
from haulage.runtime.http_probe import is_loopback

CONNECT_TIMEOUT_S = 5
SKEW_S = 2.0


class Level(StrEnum):
    """How bad a finding is; only `fail` makes the doctor exit with 1."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is and why that matters, and the command that mends it."""

    level: Level
    what: str
    why: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where the servers are, and who says so."""

    data: Path
    database_url: str | None
    redis_url: str | None
    broker_url: str | None
    blob_url: str
    is_up: bool
    has_server: bool
    direct_url: str | None = None

    @property
    def blob_folder(self) -> Path | None:
        """Where blobs lie when they lie in a folder of this machine."""
        if "://" in self.blob_url and not self.blob_url.startswith("file://"):
            return None
        return Path(self.blob_url.removeprefix("file://"))


def surroundings() -> Surroundings:
    """From the settings, else from the `haulage up` that runs on the default data folder."""
    # What is wrong with a file is said where the settings are looked at.
    given, _ = secret_files.opened(os.environ)
    data = default_data_folder()
    try:
        announced = json.loads((data / READY_FILE).read_text("utf-8"))
    except (OSError, ValueError):
        announced = {}
    blobs = given.get("HAULAGE_BLOB_URL") or str(data / "blobs")
    return Surroundings(
        data=data,
        database_url=given.get("HAULAGE_DATABASE_URL") or announced.get("database_url"),
        redis_url=given.get("HAULAGE_REDIS_URL") or announced.get("redis_url"),
        broker_url=given.get("HAULAGE_BROKER_URL"),
        blob_url=blobs,
        is_up=bool(announced),
        has_server=not missing_modules("server"),
        direct_url=given.get("HAULAGE_DATABASE_DIRECT_URL"),
    )


def missing_modules(extra: str) -> list[str]:
    """The packages of an extra that are not installed."""
    return [name for name in EXTRAS[extra] if not _is_there(name)]


def _is_there(name: str) -> bool:
    """Kombu puts another module in its own place, and that one has no spec to be found by."""
    return sys.modules.get(name) is not None or importlib.util.find_spec(name) is not None


def this_host() -> str:
    """This machine's name, as its workers would say it."""
    return socket.gethostname()


def hosts_of(url: str) -> list[str]:
    """The hosts that a server's URL names; none for a socket in the file system."""
    place = urlsplit(url).netloc.rpartition("@")[2]
    return [host for part in place.split(",") if (host := urlsplit(f"//{part}").hostname)]


def is_this_machine(hosts: Iterable[str]) -> bool:
    """Whether what is said to `hosts` never leaves this machine."""
    return all(is_loopback(host) for host in hosts)


def clock(what: str, ahead_s: float, within_s: float, *, matters: bool) -> Finding:
    """A server's clock less this machine's. It `matters` where both count the same time."""
    if abs(ahead_s) - within_s <= SKEW_S:
        return Finding(Level.OK, what, "agrees with this machine's")
    why = f"is {abs(ahead_s):.1f} s {'ahead of' if ahead_s > 0 else 'behind'} this machine's. " + (
        "Limits and bans would hold for too short or too long."
        if matters
        else "Jobs follow PostgreSQL's, so none is late; the times in this machine's logs are off."
    )
    return Finding(Level.WARN, what, why, "timedatectl set-ntp true   # on the one that is wrong")
