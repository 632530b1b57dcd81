"""Callers who never stop, behind a balancer that sends them to every API server in turn."""

import threading
from dataclasses import dataclass, field
from types import TracebackType

import httpx

EVERY_S = 0.1
READS = ("/jobs/{id}", "/jobs?limit=5", "/workers", "/queues")


@dataclass
class Callers:
    """Submit and read without a pause; what was accepted, and each answer that was an error."""

    doors: tuple[str, ...]
    seconds: float = 0.2
    accepted: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._over = threading.Event()
        self._between_rounds = threading.Lock()
        self._thread = threading.Thread(target=self._call, daemon=True)

    def __enter__(self) -> "Callers":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join(60)

    def turn_to(self, *doors: str) -> None:
        """Send nobody anywhere else from now on, with nothing under way to the others."""
        with self._between_rounds:
            self.doors = doors

    def _call(self) -> None:
        with httpx.Client(timeout=30, trust_env=False) as http:
            while not self._over.wait(EVERY_S):
                with self._between_rounds:
                    for door in self.doors:
                        self._round(http, f"{door}/api/v1")

    def _round(self, http: httpx.Client, door: str) -> None:
        body = {"type": "carry", "input": {"seconds": self.seconds}}
        try:
            answer = http.post(f"{door}/jobs", json=body)
            if answer.status_code != 202:
                self.errors.append(f"POST: {answer.status_code} {answer.text}")
                return
            self.accepted.append(answer.json()["id"])
            path = READS[len(self.accepted) % len(READS)].format(id=self.accepted[-1])
            read = http.get(door + path)
            if read.status_code != 200:
                self.errors.append(f"GET {path}: {read.status_code} {read.text}")
        except httpx.HTTPError as error:
            self.errors.append(repr(error))
