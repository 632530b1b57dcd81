"""The compose files, with their anchors resolved."""

import re
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).resolve().parents[1] / "deploy"


class _Loader(yaml.SafeLoader):
    """Knows compose's own tags, too."""


_Loader.add_constructor("!override", lambda loader, node: loader.construct_sequence(node))


def compose(name: str) -> Any:
    """The document of `deploy/{name}` where no variable is set: each is its default."""
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", (DEPLOY / name).read_text())
    return yaml.load(text, _Loader)
