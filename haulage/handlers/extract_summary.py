"""`extract_summary`: what `summarize_text` does without a model, as a job of the cpu pool.

A plain function, because ranking the sentences of a long text keeps a core busy for seconds.
"""

from haulage.domain.context import BlockingContext
from haulage.domain.job_type import Policy, job_type
from haulage.handlers.summarize_text import ExtractInput, Summary, extracted


@job_type(
    "extract_summary",
    policy=Policy(max_attempts=3, timeout_s=300),
    example={
        "text": "The sea rose in the night. By morning the harbour had gone under the water. "
        "The fishermen watched their boats drift between the roofs.",
        "max_words": 15,
    },
)
def extract_summary(input: ExtractInput, ctx: BlockingContext) -> Summary:
    """Take the most central sentences of a text, at most `max_words` words of them."""
    ctx.progress(10, step="ranking sentences")
    return extracted(input.text, input.language, input.max_words)
