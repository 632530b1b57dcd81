"""Python's garbage collector, set for processes that hold thousands of live tasks.

With its defaults it walks young objects at every 700 allocations and, ever so often, all of them: a
third of a worker's time under load (docs/performance.md). Almost everything here is freed by its
reference count; the collector is only for cycles, and those can wait.
"""

import gc

# Young objects until they are looked at; then 20 such looks until the middle-aged are, and 100 of
# those until everything is. A few megabytes at most lie about in between.
THRESHOLDS = (50_000, 20, 100)
# A look at 50,000 objects stops everything for 30 ms where they are garbage, as the parts of a
# list's statement are. Who answers people looks more often at fewer: 2 to 10 ms.
PROMPT = (5_000, 4, 250)


def calm() -> None:
    """Look less often, and never again at what the imports made. Once, at a process's start."""
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)


def prompt() -> None:
    """After `calm`, in a process that answers requests, once it is built: no answer waits long for
    a look, and none looks at what will last as long as the process."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*PROMPT)
