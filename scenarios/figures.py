"""Figures of calls and of jobs, for the line and the tables that a run ends with."""

from collections import Counter
from collections.abc import Iterator, Sequence

from bench.timetable import percentiles
from chaos.checks import Violation
from chaos.record import Record
from haulage.domain.lifecycle import State
from scenarios.clients import Call

# Checks whose violation means that a job is not there or not over, or that it ended or ran twice.
LOST, DOUBLED = {"lost"}, {"doubled", "settled twice", "ran twice"}


def answers(calls: Sequence[Call]) -> dict[str, float]:
    """How calls were answered: all, at the first try, how quickly (their tries together)."""
    p50, p99 = quantiles([1000 * one.took_s for one in calls])
    return {
        "calls": len(calls),
        "answered_share": _share(one.answered for one in calls),
        "first_try_share": _share(one.answered and not one.errors for one in calls),
        "answer_p50_ms": round(p50, 1),
        "answer_p99_ms": round(p99, 1),
    }


def errors(calls: Sequence[Call]) -> dict[str, int]:
    """How often a try was told what instead of an answer."""
    return dict(Counter(error.what for one in calls for error in one.errors).most_common())


def queue_ms(whole: Record, since: float = 0.0, until: float = float("inf")) -> Iterator[float]:
    """Of each job submitted then, from its submit until a worker had it for the first time."""
    for events in whole.events.values():
        if since <= events[0].at < until:
            for event in events:
                if event.state == State.RUNNING:
                    yield 1000 * (event.at - events[0].at)
                    break


def queueing(whole: Record) -> dict[str, float]:
    """How long jobs waited for a worker."""
    p50, p99 = quantiles(list(queue_ms(whole)))
    return {"queue_p50_ms": round(p50, 1), "queue_p99_ms": round(p99, 1)}


def promises(found: Sequence[Violation]) -> dict[str, int]:
    """How many jobs were lost and doubled, and all violations."""
    return {
        "lost": sum(one.check in LOST for one in found),
        "doubled": sum(one.check in DOUBLED for one in found),
        "violations": len(found),
    }


def quantiles(values: list[float]) -> tuple[float, float]:
    """The 50th and the 99th percentile, also of one value; of none both are 0."""
    if len(values) < 2:
        only = values[0] if values else 0.0
        return only, only
    return percentiles(values)


def _share(answered: Iterator[bool]) -> float:
    counted = Counter(answered)
    return counted[True] / max(counted.total(), 1)
