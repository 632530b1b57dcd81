"""Which files a job uses. As long as it is there, so are they.

Whoever links a file has its row locked against its deletion until the commit; a file that is gone
by then is not linked, and the job that asks for it is told so.
"""

from collections.abc import Iterable
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from haulage.domain.job import NewJob

_LINK = sa.text("""
INSERT INTO job_files (job_id, file_id)
SELECT job_id, held.id
FROM unnest(CAST(:job_ids AS uuid[]), CAST(:file_ids AS uuid[])) AS link (job_id, file_id)
JOIN files AS held ON held.id = link.file_id
FOR KEY SHARE OF held
ON CONFLICT DO NOTHING
""")


async def link_in(connection: AsyncConnection, links: Iterable[tuple[UUID, UUID]]) -> None:
    """Link jobs with files, pair by pair, in the caller's transaction. Again changes nothing."""
    pairs = sorted(set(links))
    if pairs:
        job_ids, file_ids = zip(*pairs, strict=True)
        await connection.execute(_LINK, {"job_ids": list(job_ids), "file_ids": list(file_ids)})


def links_of(jobs: Iterable[NewJob]) -> list[tuple[UUID, UUID]]:
    """The pairs of job and file that these name."""
    return [(job.id, named.id) for job in jobs for named in job.files]
