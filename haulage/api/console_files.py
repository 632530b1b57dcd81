"""Where the console's files lie, and whether they are there: a wheel may be built without them."""

from pathlib import Path

DIST = Path(__file__).parent / "console_dist"
ASSETS = "assets"
# For who installed a wheel and for who works in the source tree.
MEND = (
    "Install a wheel of a release (`pip install --force-reinstall haulage`); in the source tree "
    "run `make console`, which `make wheel` does by itself."
)


def index() -> str | None:
    """The document of all pages; None where the console is not built, or not whole."""
    if not (DIST / ASSETS).is_dir():
        return None
    try:
        return (DIST / "index.html").read_text()
    except FileNotFoundError:
        return None
