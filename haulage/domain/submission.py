"""What every submit is held to, whichever door it comes through."""

from collections.abc import Sequence
from dataclasses import dataclass

from haulage.domain.errors import Fault, InvalidInput
from haulage.domain.file_ids import named_files
from haulage.domain.files import NamedFile
from haulage.domain.job import MAX_TAG_LENGTH, MAX_TAGS
from haulage.domain.job_type import JobType


@dataclass(frozen=True, slots=True)
class Accepted:
    """An input as it is stored, JSON text, and the files that it names."""

    text: str
    files: tuple[NamedFile, ...]


def accept_input(declared: JobType, given: object) -> Accepted:
    """Check an input; raises `InvalidInput`, its pointers relative to the submit."""
    try:
        value = declared.parse_input(given)
    except InvalidInput as error:
        faults = tuple(Fault(f"/input{one.pointer}", one.message) for one in error.faults)
        raise InvalidInput(str(error), faults, job_type=error.job_type) from error
    files = tuple(named_files(value, "/input")) if declared.takes_files else ()
    return Accepted(declared.dump_input(value), files)


def check_tags(tags: Sequence[str]) -> None:
    """Raise `InvalidInput` for too many, empty or oversized tags."""
    faults = [
        Fault(f"/tags/{place}", f"a tag has 1 to {MAX_TAG_LENGTH} characters and no NUL")
        for place, tag in enumerate(tags)
        if not 1 <= len(tag) <= MAX_TAG_LENGTH or "\x00" in tag
    ]
    if len(tags) > MAX_TAGS:
        faults.append(Fault("/tags", f"at most {MAX_TAGS} tags"))
    if faults:
        raise InvalidInput("The tags do not fit.", tuple(faults))
