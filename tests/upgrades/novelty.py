"""What only the newer version can do."""

from haulage import Context, job_type
from tests.upgrades.carried import Load


@job_type("novelty")
async def novelty(input: Load, ctx: Context) -> str:
    """Say who did it."""
    return "done by the newer version"
