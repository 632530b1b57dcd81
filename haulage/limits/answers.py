"""What the script answers to a call that asks for its turn."""

from dataclasses import dataclass


@dataclass(slots=True)
class Grant:
    """Let through at `fire_at`, on this event loop's clock; `generation` is Redis' memory then."""

    fire_at: float
    generation: str


@dataclass(slots=True)
class Never:
    """Does not even fit when nothing else is there."""

    code: str


@dataclass(slots=True)
class Later:
    """Not before `wait_s` from now, because of the limit `code`; `foreseen`: not a guess;
    `parked`: it has left the line and keeps its place there."""

    wait_s: float
    code: str
    foreseen: bool = True
    parked: bool = True


Turn = Grant | Never | Later
