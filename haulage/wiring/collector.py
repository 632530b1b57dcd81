"""Python's garbage collector, set for processes that hold thousands of live tasks.

With its defaults it walks young objects at every 700 allocations and, ever so often, all of them: a
third of a worker's time under load (docs/performance.md). Almost everything here is freed by its
reference count; the collector is only for cycles, and those can wait.
"""

import gc

# Young objects until they are looked at; then 20 such looks until the middle-aged are, and 100 of
# those until everything is. A few megabytes at most lie about in between.
THRESHOLDS = (50_000, 20, 100)


def calm() -> None:
    """Look less often, and never again at what the imports made. Once, at a process's start."""
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
