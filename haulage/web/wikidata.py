"""Wikidata: which item a person's name means, when that is certain.

Asks through the fetcher, which refuses private addresses. Raises what the fetcher raises, and
`NotRetryable` for an answer that is none.
"""

import json
from typing import Any
from urllib.parse import urlencode

from haulage.domain.errors import NotRetryable
from haulage.web.fetcher import Fetcher

WIKIDATA = "https://www.wikidata.org/w/api.php"
# Their words for 'is a' and 'human'.
_INSTANCE_OF, _HUMAN = "P31", "Q5"
_CANDIDATES = 7


async def find_human(fetcher: Fetcher, name: str, *, url: str = WIKIDATA) -> str | None:
    """The id of the only human whom Wikidata calls exactly `name`; None for none or several."""
    found = await _ask(
        fetcher,
        url,
        action="wbsearchentities",
        search=name,
        language="en",
        type="item",
        limit=str(_CANDIDATES),
    )
    wanted = name.casefold()
    ids = [
        str(one["id"])
        for one in _list(found, "search")
        if wanted in (str((one.get("match") or {}).get("text", "")).casefold(), _label(one))
    ]
    if not ids:
        return None
    items = await _ask(
        fetcher, url, action="wbgetentities", ids="|".join(ids), props="claims", languages="en"
    )
    entities = items.get("entities")
    humans = [each for each in ids if _is_human((entities or {}).get(each))]
    return humans[0] if len(humans) == 1 else None


async def _ask(fetcher: Fetcher, url: str, **query: str) -> dict[str, Any]:
    address = f"{url}?{urlencode({**query, 'format': 'json'})}"
    answer = await fetcher.get(address, accept=("application/json",))
    try:
        found = json.loads(answer.text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or "error" in found:
        raise NotRetryable("Wikidata gave no usable answer.", code="wikidata_garbled")
    return found


def _list(found: dict[str, Any], name: str) -> list[dict[str, Any]]:
    rows = found.get(name)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _label(one: dict[str, Any]) -> str:
    return str(one.get("label", "")).casefold()


def _is_human(entity: Any) -> bool:
    try:
        claims = entity["claims"][_INSTANCE_OF]
        return any(one["mainsnak"]["datavalue"]["value"]["id"] == _HUMAN for one in claims)
    except (KeyError, TypeError):
        return False
