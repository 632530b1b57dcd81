"""Templates: JSON in whose texts `{path}` stands for a value of another document.

    "{content.text}"            that value, whatever its type
    "/tasks/{id}"               its text, in a text
    "{content.text|content}"    the first of these that is there and not null
    "{content.model?}"          may be missing: the key is left out then

A path goes through objects by name and through lists by number.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

_STEP = r"[\w$@-]+"
_PATH = rf"{_STEP}(?:\.{_STEP})*"
_PLACE = re.compile(rf"\{{({_PATH}(?:\|{_PATH})*)(\?)?\}}")


class _Missing:
    pass


_MISSING = _Missing()


class TemplateFault(Exception):
    """The document lacks what the template asks for; the message says what, in its own words."""


def render(template: Any, values: Any) -> Any:
    """The template with what `values` holds in its places. Raises `TemplateFault`."""
    made = _render(template, values)
    return None if isinstance(made, _Missing) else made


def render_text(
    template: str, values: Any, *, quote: Callable[[str], str] = lambda text: text
) -> str:
    """A template that is to be a text; `quote` goes over each value. Raises `TemplateFault`."""

    def fill(place: "re.Match[str]") -> str:
        found = _resolve(place, values)
        if isinstance(found, _Missing) or found is None:
            return ""
        if isinstance(found, bool) or not isinstance(found, str | int | float):
            raise TemplateFault(f"`{place[1]}` is no text")
        return quote(str(found))

    return _PLACE.sub(fill, template)


def _render(template: Any, values: Any) -> Any:
    if isinstance(template, str):
        whole = _PLACE.fullmatch(template)
        return _resolve(whole, values) if whole else render_text(template, values)
    if isinstance(template, Mapping):
        made = {key: _render(inner, values) for key, inner in template.items()}
        return {key: value for key, value in made.items() if not isinstance(value, _Missing)}
    if isinstance(template, list | tuple):
        made_list = [_render(inner, values) for inner in template]
        return [value for value in made_list if not isinstance(value, _Missing)]
    return template


def _resolve(place: "re.Match[str]", values: Any) -> Any:
    paths, may_be_missing = place[1].split("|"), place[2]
    best: Any = _MISSING
    for path in paths:
        found = look_up(values, path)
        if isinstance(found, _Missing):
            continue
        if found is not None:
            return found
        best = None
    if isinstance(best, _Missing) and not may_be_missing:
        raise TemplateFault(f"`{' or '.join(paths)}` is missing")
    return best


def look_up(values: Any, path: str) -> Any:
    """What lies at `path`, `_MISSING` if nothing does."""
    found = values
    for step in path.split("."):
        if isinstance(found, Mapping) and step in found:
            found = found[step]
        elif isinstance(found, list) and step.isascii() and step.isdigit():
            place = int(step[:9])
            if place >= len(found):
                return _MISSING
            found = found[place]
        else:
            return _MISSING
    return found
