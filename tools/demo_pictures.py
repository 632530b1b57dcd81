"""`python tools/demo_pictures.py`: run `haulage demo` and make the README's pictures of it.

The first is taken while the jobs run, the second holds what the demo prints at their end. What is
seen is what happened: run it on a machine with nothing else to do.
"""

import re
from io import StringIO
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import TerminalTheme

from haulage.cli import demo as demos
from haulage.cli import output
from haulage.cli.progress import JobBars
from haulage.client import Event

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
WIDTH = 104
GREY, WHITE = (138, 141, 147), (214, 218, 224)
RED, GREEN, YELLOW = (224, 108, 117), (120, 190, 110), (229, 192, 123)
BLUE, MAGENTA, CYAN = (97, 150, 239), (198, 120, 221), (80, 185, 195)
COLOURS = [(24, 27, 32), RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN, WHITE]
THEME = TerminalTheme((24, 27, 32), WHITE, COLOURS, [GREY, *COLOURS[1:]])
# Without the font that Rich has readers fetch from elsewhere.
FORM = re.sub(r"@font-face {{.*?}}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL).replace(
    "Fira Code", "'DejaVu Sans Mono', Menlo, Consolas"
)
# The job whose progress says when the picture is taken, and from how many percent on.
SITTER, FROM_PERCENT = "crunch", 40.0


class Still(JobBars):
    """Bars that are drawn twice: for the picture, and when all is over."""

    def __enter__(self) -> "Still":
        self._sitter: UUID | None = None
        self._taken = False
        return self

    def __exit__(self, *_: object) -> None:
        self._console.print(self._bars.get_renderable())

    def add(self, job_id: UUID, label: str) -> None:
        super().add(job_id, label)
        if label == SITTER:
            self._sitter = job_id

    def take(self, job_id: UUID, event: Event) -> None:
        super().take(job_id, event)
        if job_id == self._sitter and not self._taken and self._percent() >= FROM_PERCENT:
            self._taken = True
            self._console.print(self._bars.get_renderable())
            save(self._console, "demo")

    def _percent(self) -> float:
        assert self._sitter is not None
        return cast(float, self._task(self._sitter).percentage)


def save(console: Console, name: str) -> None:
    """Write what was printed since the last picture."""
    picture = console.export_svg(
        title="haulage demo", theme=THEME, code_format=FORM, unique_id=f"haulage-{name}"
    )
    (IMAGES / f"{name}.svg").write_text("\n".join(map(str.rstrip, picture.splitlines())) + "\n")


def main() -> None:
    """Run the demo on a terminal that only records."""
    console = Console(record=True, force_terminal=True, width=WIDTH, file=StringIO())
    known: Any = demos
    known.console = lambda: console
    known.JobBars = Still
    demos.demo(data=None, output=output.Output.TEXT)
    save(console, "demo-results")


if __name__ == "__main__":
    main()
