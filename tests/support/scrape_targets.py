"""The scrape targets of a running system, as Prometheus reads them."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx
from live_system import System
from prometheus_client.parser import text_string_to_metric_families

# Processes that were started again may have moved on by some.
PORTS = 10


@dataclass
class Scrape:
    """What one target says: `names` of its metrics, and the values of its series."""

    names: set[str] = field(default_factory=set)
    _series: list[tuple[str, Mapping[str, str], float]] = field(default_factory=list)

    @classmethod
    def of(cls, url: str) -> "Scrape":
        made = cls()
        text = httpx.get(f"{url}/metrics", trust_env=False).text
        for family in text_string_to_metric_families(text):
            ending = "_total" if family.type == "counter" else ""
            made.names.add(family.name.removesuffix("_total") + ending)
            made._series += [(one.name, one.labels, one.value) for one in family.samples]
        return made

    def value(self, name: str, /, **labels: str) -> float | None:
        """The sum of the series with these labels; None where there is none."""
        found = [
            value
            for its, has, value in self._series
            if its == name and labels.items() <= has.items()
        ]
        return sum(found) if found else None


def targets(system: System) -> dict[str, str]:
    """The URL of each process that shows its metrics, by the name of its service."""
    found = {"api": system.ready["url"]}
    for port in range(system.metrics_port, system.metrics_port + PORTS):
        url = f"http://127.0.0.1:{port}"
        with contextlib.suppress(httpx.TransportError):
            found[httpx.get(f"{url}/health", trust_env=False).json()["service"]] = url
    return found


def standing(url: str, path: str) -> int:
    """The status of a target's `/health` or `/ready`; 0 where nobody answers."""
    try:
        return httpx.get(f"{url}{path}", trust_env=False, timeout=20).status_code
    except httpx.TransportError:
        return 0
