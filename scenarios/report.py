"""What a run says: a table for people and docs/operations.md, a line for machines."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass

from chaos.checks import Violation
from chaos.load import ACCEPTED
from chaos.record import Record
from haulage.domain.lifecycle import State
from scenarios.clients import Clients, errors_between
from scenarios.failures import Scene


@dataclass(frozen=True)
class Told:
    """One failure, from its strike until the next one."""

    scene: Scene
    calls: int
    unanswered: int
    errors: dict[str, int]
    slowest_s: float
    accepted: int
    lost: int


def tell(scene: Scene, clients: Clients, whole: Record, *, until: float) -> Told:
    """What clients saw from the strike until `until`, and what became of the jobs they had by then.

    A job is lost that was accepted and did not succeed.
    """
    calls = clients.between(scene.struck_at, until)
    accepted = [
        one.job_id
        for one in clients.asked
        if one.answer == ACCEPTED and clients.asked_at[one.key] < until
    ]
    # Also those from before: they were waiting or running when it struck.
    of_concern = [
        job_id
        for job_id in accepted
        if any(event.at >= scene.struck_at for event in whole.events.get(job_id, []))
    ]
    lost = sum(
        (job := whole.jobs.get(job_id)) is None or job.state != State.SUCCEEDED
        for job_id in accepted
    )
    return Told(
        scene,
        len(calls),
        sum(not one.answered for one in calls),
        errors_between(clients.calls, scene.struck_at, until),
        max((one.took_s for one in calls), default=0.0),
        len(of_concern),
        lost,
    )


def lines(told: Sequence[Told], found: Sequence[Violation]) -> list[str]:
    """The table, as docs/operations.md has it: copy it there after a run on a quiet machine."""
    text = [
        "| what fails | clients through nginx | lost | well again after | what to do |",
        "| --- | --- | --- | --- | --- |",
    ]
    for one in told:
        healed = "never" if one.scene.healed_s is None else f"{one.scene.healed_s:.1f} s"
        text.append(
            f"| {one.scene.name} | {_seen(one)} | {one.lost} of {one.accepted:,} jobs | {healed}: "
            f"{one.scene.text}{_facts(one.scene)} | {one.scene.to_do} |"
        )
    text += ["", f"{len(found)} violations" if found else "Every promise held."]
    text += [f"  {one.check}: job {one.job_id}: {one.what}" for one in found[:10]]
    return text


def json_line(name: str, told: Sequence[Told], *, met: bool, **numbers: object) -> str:
    """Everything in one line."""
    document = {
        "scenarios": name,
        **numbers,
        "failures": {
            f"{number}. {one.scene.name}": {
                "healed_s": None if one.scene.healed_s is None else round(one.scene.healed_s, 2),
                "calls": one.calls,
                "unanswered": one.unanswered,
                "errors": one.errors,
                "slowest_s": round(one.slowest_s, 2),
                "jobs": one.accepted,
                "lost": one.lost,
                **{fact: round(value, 2) for fact, value in one.scene.facts.items()},
            }
            for number, one in enumerate(told, 1)
        },
        "cores": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 1),
        "met": met,
    }
    return json.dumps(document)


def _seen(one: Told) -> str:
    if not one.errors:
        return f"no error in {one.calls:,} requests, the slowest took {one.slowest_s:.2f} s"
    seen = ", ".join(f"{count} × {error}" for error, count in sorted(one.errors.items()))
    left = f"{one.unanswered} left without an answer" if one.unanswered else "all answered"
    return f"{seen} in {one.calls:,} requests; tried again, {left}"


def _facts(scene: Scene) -> str:
    said = [
        f"{name.removesuffix('_s').replace('_', ' ')} {value:.2f} s"
        if name.endswith("_s")
        else f"{name.replace('_', ' ')}: {value}"
        for name, value in scene.facts.items()
    ]
    return f" ({'; '.join(said)})" if said else ""
