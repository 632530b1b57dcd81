"""From a task as an API lists it to a submission, or to the reason why it can't become one."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from haulage.connectors.source import SourceBody
from haulage.connectors.templates import TemplateFault, render, render_text
from haulage.domain.errors import InputFault, InvalidInput
from haulage.domain.job import MAX_TAG_LENGTH
from haulage.engine.intake import Submission
from haulage.storage.pull_store import Pulled

MAX_ID_LENGTH = 200
NO_KIND = "unknown"


class Nameless(Exception):
    """A task that does not say which one it is: nothing can be told about it."""


@dataclass(frozen=True, slots=True)
class Unfit:
    """A task that can't become a job, and why."""

    task: Pulled
    why: str


def read_task(source: SourceBody, given: Any) -> Pulled:
    """Which task it is. Raises `Nameless`."""
    try:
        task_id = render_text(source.id, given)
        version = render_text(source.version, given)
    except TemplateFault as fault:
        raise Nameless(str(fault)) from fault
    if not 0 < len(task_id) <= MAX_ID_LENGTH or not task_id.isprintable():
        raise Nameless("the id is empty, too long, or no plain text")
    if set(task_id) == {"."}:
        raise Nameless("the id would lead to another address")
    try:
        kind = render_text(source.type, given)
    except TemplateFault:
        kind = NO_KIND
    # Metrics are kept by kind, and anything may stand there.
    kind = kind if kind in source.types else NO_KIND
    digest = hashlib.sha256(json.dumps([task_id, version]).encode()).hexdigest()
    return Pulled(digest, task_id, kind, _tags(source, given))


def read_submission(name: str, source: SourceBody, task: Pulled, given: Any) -> Submission | Unfit:
    """What is to be done about `task`, as far as it can be said without its job type."""
    body = source.types.get(task.kind)
    if body is None:
        return Unfit(task, f"The task's type is none of {', '.join(sorted(source.types))}.")
    try:
        value = render(body.input, given)
    except TemplateFault as fault:
        return Unfit(task, f"The task does not fit: {fault}.")
    tags = {"source": name, "task": task.task_id, **task.tags}
    return Submission(
        type=body.job_type,
        input=value,
        tags=tuple(f"{key}:{word}"[:MAX_TAG_LENGTH] for key, word in tags.items()),
    )


def reason_of(error: InputFault) -> str:
    """Why a submission was refused, in a sentence for the task's owner."""
    if isinstance(error, InvalidInput) and error.faults:
        said = "; ".join(f"{one.pointer}: {one.message}" for one in error.faults[:5])
        return f"The task does not fit: {said}"
    return str(error)


def _tags(source: SourceBody, given: Any) -> dict[str, str]:
    """What of the task travels with its job; what is missing or no text does not."""
    tags = {}
    for name, template in source.tags.items():
        try:
            word = render_text(template, given)
        except TemplateFault:
            continue
        word = "".join(letter for letter in word if letter.isprintable())[:MAX_TAG_LENGTH]
        if word:
            tags[name] = word
    return tags
