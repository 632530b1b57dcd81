"""Counting, inside the statements that change jobs.

A statement that submits, starts or ends jobs adds rows to `tallies` in its own transaction: what
landed is counted, what did not is not, and nobody has to ask later which moments have been counted
already. `stat_store.py` folds the tallies into `stats`. A batch of hundreds adds a handful of rows.
"""

import math

from haulage.domain.histogram import GROWTH, LAST_SLOT, LEAST_S

_TALLY = """
    INSERT INTO tallies (at, tenant, type, queue, kind, slot, code, n)
    SELECT date_trunc('minute', CAST({at} AS timestamptz)), tenant, type, queue, {kind}, {slot},
           {code}, count(*)
    FROM {source}
    GROUP BY 1, 2, 3, 4, 5, 6, 7
"""


def tally(source: str, *, kind: str, at: str, seconds: str = "NULL", code: str = "NULL") -> str:
    """An INSERT of what `source` (a CTE, with a condition perhaps) has, as SQL.

    Its rows have `tenant`, `type` and `queue`; the others are expressions on them. `seconds` is
    how long they waited or took.
    """
    return _TALLY.format(source=source, kind=kind, at=at, slot=slot(seconds), code=code)


def tally_ends(source: str, *, code: str = "NULL") -> str:
    """The same for jobs that have come to their end: `source` has `state` and `started_at`, too."""
    return tally(source, kind="state", at=":now", seconds=since("started_at", ":now"), code=code)


def slot(seconds: str) -> str:
    """`histogram.slot_of` as SQL; NULL for NULL."""
    if seconds == "NULL":
        return "CAST(NULL AS smallint)"
    scaled = f"ln(greatest({seconds}, {LEAST_S}) / {LEAST_S}) / {math.log(GROWTH)!r}"
    counted = f"CAST(least(ceil({scaled}), {LAST_SLOT}) AS smallint)"
    return f"CASE WHEN {seconds} IS NOT NULL THEN {counted} END"


def since(moment: str, until: str) -> str:
    """Seconds from `moment` to `until`, as SQL."""
    return f"date_part('epoch', CAST({until} AS timestamptz) - {moment})"


def waited(due: str, until: str) -> str:
    """Seconds that a job waited for its start, as SQL; NULL for children.

    They stand in line by the hundred because their parent made so many at once, and would be all
    that a quantile shows. What their waits cost is in the parent's duration.
    """
    return f"CASE WHEN parent_id IS NULL THEN {since(due, until)} END"
