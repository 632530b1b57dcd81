"""Says at once that a handlers module is misspelt, before anything is started."""

import sys
from importlib.util import find_spec
from pathlib import Path

from haulage.runtime.fault import StartFault


def require_findable(handlers: str) -> None:
    """Raise StartFault when there is no such module or file; nothing is imported.

    Every process would say it too, only later, and again after each restart.
    """
    if handlers.endswith(".py"):
        found = Path(handlers).is_file()
    else:
        folder = str(Path.cwd())
        if folder not in sys.path:
            sys.path.append(folder)
        try:
            found = find_spec(handlers) is not None
        except (ImportError, ValueError):
            found = False
    if not found:
        raise StartFault(
            f"There is no module {handlers!r} to take job types from.",
            why=f"Neither {Path.cwd()} nor an installed package has it.",
            hint="Name a module (`--handlers shop.jobs`) or a file (`--handlers ./jobs.py`).",
        )
