"""What an HTML page says about itself."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from haulage.domain.errors import NotRetryable

MAX_LINKS = 5_000
MAX_HEADINGS = 1_000
_MAX_TEXT = 2_000
# A native parser takes quadratic time over elements nested in each other, holding the interpreter:
# 20,000 take five seconds, a hostile page of megabytes takes hours. Real pages stay below 100.
_MAX_DEPTH = 3_000
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)")
# Elements that have no end tag, or whose end tag may be left out: an open one is no deeper nesting.
_LOOSE_ELEMENTS = """
area base br col embed hr img input link meta param source track wbr
li dt dd p option optgroup tr td th thead tbody tfoot colgroup rp rt html head body
"""
_WITHOUT_END = frozenset(_LOOSE_ELEMENTS.split())
# All headings together; each one's text holds those nested in it.
_MAX_HEADING_CHARACTERS = 1_000_000


@dataclass(frozen=True, slots=True)
class Page:
    """Texts have their white space normalised; links are absolute, without duplicates, in order."""

    title: str
    h1s: tuple[str, ...]
    links: tuple[str, ...]
    canonical_url: str | None
    description: str | None


def read_page(html: str, url: str) -> Page:
    """Read a page that was found at `url`; untidy HTML is read as browsers read it.

    At most `MAX_LINKS` links and `MAX_HEADINGS` headings are returned. Raises `NotRetryable` for a
    page nested so deeply that reading it would take hours.
    """
    from selectolax.lexbor import LexborHTMLParser  # lazy: a native library

    if _depth(html) > _MAX_DEPTH:
        raise NotRetryable(
            f"The page nests over {_MAX_DEPTH} elements in each other.", code="page_too_deep"
        )
    tree = LexborHTMLParser(html)
    base = _web_url(url, _attribute(tree.css_first("base[href]"), "href") or "") or url
    title = tree.css_first("head > title") or tree.css_first("title:not(svg title)")
    references = dict.fromkeys(_attribute(node, "href") or "" for node in tree.css("a[href]"))
    links = (_web_url(base, reference) for reference in references)
    description = tree.css_first('meta[name="description" i]') or tree.css_first(
        'meta[property="og:description" i]'
    )
    canonical = _attribute(tree.css_first('link[rel~="canonical" i][href]'), "href")
    return Page(
        title=_text(title),
        h1s=_headings(tree),
        links=tuple(dict.fromkeys(link for link in links if link))[:MAX_LINKS],
        canonical_url=_web_url(base, canonical) if canonical else None,
        description=_one_line(_attribute(description, "content") or "") or None,
    )


def _depth(html: str) -> int:
    """How deep elements nest, by their tags alone; an end tag ends one of its own name only.

    An estimate: a page made to deceive it (end tags in comments or attributes) is not caught.
    """
    depth = deepest = 0
    opened: Counter[str] = Counter()
    for closing, name in _TAG.findall(html.lower()):
        if name in _WITHOUT_END:
            continue
        if not closing:
            opened[name] += 1
            depth += 1
            deepest = max(deepest, depth)
        elif opened[name]:
            opened[name] -= 1
            depth -= 1
    return deepest


def _headings(tree: Any) -> tuple[str, ...]:
    headings: list[str] = []
    characters = 0
    for node in tree.css("h1")[:MAX_HEADINGS]:
        text = node.text(separator=" ")
        characters += len(text)
        if heading := _one_line(text):
            headings.append(heading)
        if characters > _MAX_HEADING_CHARACTERS:
            break
    return tuple(headings)


def _web_url(base: str, reference: str) -> str | None:
    """`reference` made absolute, its fragment dropped; None unless it is http or https."""
    try:
        absolute = urldefrag(urljoin(base, reference.strip())).url
        parts = urlsplit(absolute)
        return absolute if parts.scheme in ("http", "https") and parts.netloc else None
    except ValueError:
        return None


def _attribute(node: Any, name: str) -> str | None:
    value = None if node is None else node.attributes.get(name)
    return value if isinstance(value, str) else None


def _text(node: Any) -> str:
    return "" if node is None else _one_line(node.text(separator=" "))


def _one_line(text: str) -> str:
    return " ".join(text.split())[:_MAX_TEXT]
