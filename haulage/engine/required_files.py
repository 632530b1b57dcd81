"""What a submit's files are held to: they are there, and what they must be."""

from collections.abc import Sequence

from haulage.domain.errors import Fault, InvalidInput
from haulage.domain.files import NamedFile
from haulage.domain.job import NewJob
from haulage.storage.file_store import FileRow, FileStore


async def require_files(files: FileStore, jobs: Sequence[NewJob]) -> None:
    """Raise `InvalidInput` for files that are not the tenant's, or that the job types don't accept.

    Asks nothing where the jobs name no files.
    """
    faults: list[Fault] = []
    for tenant in {job.tenant for job in jobs if job.files}:
        named = [one for job in jobs if job.tenant == tenant for one in job.files]
        found = await files.many({one.id for one in named}, tenant=tenant)
        faults += (
            Fault(one.pointer, why) for one in named if (why := _unfit(one, found.get(one.id)))
        )
    if faults:
        types = {job.type for job in jobs if job.files}
        only = types.pop() if len(types) == 1 else None
        raise InvalidInput("A file can't be used.", tuple(faults), job_type=only)


def _unfit(named: NamedFile, row: FileRow | None) -> str | None:
    if row is None:
        return "there is no such file; upload it with POST /api/v1/files"
    if not named.accepts:
        return None
    if row.media_type not in named.accepts:
        return f"is {row.media_type}; must be {' or '.join(named.accepts)}"
    return row.fault and f"can't be opened: {row.fault}"
