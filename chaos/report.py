"""What a run says at its end: readable lines for people, one JSON line for machines."""

import json
import math
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict

from chaos.checks import Violation
from chaos.ledger import START, STEP
from chaos.load import ACCEPTED, AMBIGUOUS, REFUSED
from chaos.record import Event, Record
from chaos.recovery import Times
from haulage.domain.lifecycle import State

SHOWN = 10


def lines(
    record: Record, found: Sequence[Violation], times: dict[str, Times], *, seed: int
) -> list[str]:
    """The readable part."""
    numbers = counts(record)
    text = [
        f"seed {seed}, {os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}",
        *(f"{name.replace('_', ' '):>20}  {value}" for name, value in numbers.items()),
        "",
        f"{'recovery after':<20} {'faults':>6} {'n':>5} {'p50 s':>7} {'p99 s':>7} {'max s':>7}",
    ]
    for fault, its in times.items():
        text.append(
            f"{fault:<20} {its.faults:>6} {its.count:>5} "
            f"{its.p50_s:>7.2f} {its.p99_s:>7.2f} {its.max_s:>7.2f}"
        )
    text += ["", f"{len(found)} violations" if found else "Every promise held."]
    for check, count in Counter(one.check for one in found).items():
        text.append(f"  {check}: {count}")
    for one in found[:SHOWN]:
        text += ["", f"{one.check}: job {one.job_id}: {one.what}"]
        if one.job_id is not None:
            text += [f"    {_line(event)}" for event in record.events.get(one.job_id, [])]
            text += [
                f"    ledger {entry.at:.3f} {entry.kind} {entry.name} fence {entry.fence} "
                f"pid {entry.pid}"
                for entry in record.entries
                if entry.job_id == one.job_id
            ]
    return text


def json_line(
    record: Record, found: Sequence[Violation], times: dict[str, Times], *, seed: int
) -> str:
    """Everything in one line."""
    document = {
        "chaos": "failed" if found else "passed",
        "seed": seed,
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 1),
        **counts(record),
        "violations": dict(Counter(one.check for one in found)),
        "recovery": {
            fault: {
                name: _finite(value) for name, value in asdict(one).items() if name != "slowest"
            }
            for fault, one in times.items()
        },
    }
    return json.dumps(document)


def counts(record: Record) -> dict[str, int]:
    """What happened, in numbers."""
    answers = Counter(asked.answer for asked in record.asked)
    states = Counter(job.state for job in record.jobs.values())
    kinds = Counter(entry.kind for entry in record.entries)
    reasons = Counter(
        event.data.get("reason")
        for events in record.events.values()
        for event in events
        if event.state == State.SCHEDULED and event.data is not None
    )
    return {
        "faults": len(record.wounds),
        "accepted": answers[ACCEPTED],
        "ambiguous": answers[AMBIGUOUS],
        "refused": answers[REFUSED],
        **{state: states[state] for state in ("succeeded", "cancelled", "failed")},
        "handler_starts": kinds[START],
        "step_effects": kinds[STEP],
        "steps_stored": sum(len(steps) for steps in record.steps.values()),
        "retries": reasons["retry"],
        "rescues": reasons["rescued"],
        "given_back": reasons["given_back"],
        "events": sum(len(events) for events in record.events.values()),
    }


def _line(event: Event) -> str:
    return f"{event.seq:>4} {event.at:.3f} {event.kind} {json.dumps(event.data or {})[:200]}"


def _finite(value: float) -> float | None:
    return round(value, 3) if math.isfinite(value) else None
