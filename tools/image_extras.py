"""The extras that the image of deploy/ is made with, as options of `uv pip compile`.

All of them but those with servers of our own, and the demo's: a new one is in it by itself.
"""

import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
LEFT_OUT = {"all", "demo", "embedded"}


def extras() -> list[str]:
    """Their names."""
    project = tomllib.loads(PROJECT.read_text())["project"]
    return sorted(project["optional-dependencies"].keys() - LEFT_OUT)


if __name__ == "__main__":
    sys.stdout.write(" ".join(f"--extra {name}" for name in extras()) + "\n")
