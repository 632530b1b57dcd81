"""Names in PromQL: enough of its grammar to tell metrics and labels from everything else."""

import re
from dataclasses import dataclass

# Every word of the language that our expressions use: one that is not here is taken for a metric.
WORDS = frozenset(
    [
        "sum",
        "max",
        "min",
        "count",
        "rate",
        "increase",
        "histogram_quantile",
        "absent",
        "label_replace",
        "vector",
        "and",
        "or",
        "on",
        "by",
    ]
)
_TEXT = re.compile(r'"[^"]*"|\'[^\']*\'')
_RANGE = re.compile(r"\[[^\]]*\]")
_GROUP = re.compile(r"\b(by|on)\s*\(([^)]*)\)")
_SELECTOR = re.compile(r"([A-Za-z_:][A-Za-z0-9_:]*)\s*\{([^}]*)\}")
_LABEL = re.compile(r"([A-Za-z_]\w*)\s*(?:=~|!~|!=|=)")
_NAME = re.compile(r"(?<![\w.])[A-Za-z_:][A-Za-z0-9_:]*")


@dataclass(frozen=True)
class Named:
    """The metrics of an expression, the labels that each is chosen by, and those grouped by."""

    metrics: frozenset[str]
    chosen_by: frozenset[tuple[str, str]]
    grouped_by: frozenset[str]


def named(expression: str) -> Named:
    """What `expression` names."""
    bare = _RANGE.sub("", _TEXT.sub('""', expression))
    chosen_by = {
        (metric, label)
        for metric, matchers in _SELECTOR.findall(bare)
        for label in _LABEL.findall(matchers)
    }
    grouped_by = {
        label.strip()
        for _, labels in _GROUP.findall(bare)
        for label in labels.split(",")
        if label.strip()
    }
    rest = re.sub(r"\{[^}]*\}", "", _GROUP.sub("", bare))
    return Named(
        frozenset(set(_NAME.findall(rest)) - WORDS), frozenset(chosen_by), frozenset(grouped_by)
    )
