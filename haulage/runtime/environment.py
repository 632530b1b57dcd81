"""The environment that commands of this machine read, with secrets that lie in files read."""

import os

from haulage import secret_files
from haulage.runtime.fault import StartFault


def environment() -> dict[str, str]:
    """What is set, with each `HAULAGE_…_FILE` opened and in its place what it holds.

    Raises `StartFault` when one can't be.
    """
    found, faults = secret_files.opened(os.environ)
    if faults:
        raise StartFault(
            " ".join(faults),
            why="Secrets are read once, when a command starts.",
            hint="Correct the variable, or let this user read the file.",
        )
    return found
