"""Where the console's files lie, and whether they are there: a wheel may be built without them."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

DIST = Path(__file__).parent / "console_dist"
ASSETS = "assets"
# For who installed a wheel and for who works in the source tree.
MEND = (
    "Install a wheel of a release (`pip install --force-reinstall haulage`); in the source tree "
    "run `make console`, which `make wheel` does by itself."
)

# All there are, of one build and the one before.
_KEPT = 256


@dataclass(frozen=True)
class Asset:
    """The content of a script, style or font."""

    content: bytes
    packed: bool


def index() -> str | None:
    """The document of all pages; None where the console is not built, or not whole."""
    if not (DIST / ASSETS).is_dir():
        return None
    try:
        return (DIST / "index.html").read_text()
    except FileNotFoundError:
        return None


def asset(name: str, *, packed: bool) -> Asset | None:
    """What is called `name`, by gzip where that is `packed` and lies there; None if there is none.

    Kept in memory, a megabyte in all: a browser's first visit asks for a dozen at once.
    """
    path = DIST / ASSETS / name
    small = path.with_name(f"{name}.gz")
    if packed and small.is_file():
        return Asset(_content(small), packed=True)
    return Asset(_content(path), packed=False) if path.is_file() else None


def parts(path: str) -> list[str]:
    """The scripts and styles of the page at `path` that are not in the document already."""
    first, _, rest = path.strip("/").partition("/")
    # `console/src/app/pages.ts` has each page in a folder of its name, but for these.
    page = "overview" if not first else "job" if first == "jobs" and rest else first
    try:
        found: dict[str, list[str]] = json.loads((DIST / "pages.json").read_text())
    except FileNotFoundError:
        return []
    return found.get(page, [])


@lru_cache(maxsize=_KEPT)
def _content(path: Path) -> bytes:
    # Its name carries a digest of it: it never changes.
    return path.read_bytes()
