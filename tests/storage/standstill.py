"""Which statements of a migration bring everybody else to a standstill, told by their text.

Text, because on the empty tables of a test every one of them is quick. A table that the migration
itself has made is nobody's yet: anything may be done to it.
"""

import re
from collections.abc import Iterable

from haulage.storage.tables import metadata

# A few rows each, or some hundreds: what reads them through takes a moment.
SMALL = {
    "api_keys", "bulk_progress", "credit_accounts", "job_types", "limit_pools", "migrations",
    "queues", "schedules", "webhooks", "workers",
}  # fmt: skip
BIG = set(metadata.tables) - SMALL

_MADE = re.compile(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)", re.I)
_TABLE = {
    "index": re.compile(r"CREATE (?:UNIQUE )?INDEX .*? ON (?:ONLY )?(\w+)", re.I | re.S),
    "drop": re.compile(r"DROP INDEX (?:IF EXISTS )?(\w+)", re.I),
    "alter": re.compile(r"ALTER TABLE (?:IF EXISTS )?(?:ONLY )?(\w+)\s+(.*)", re.I | re.S),
    "rows": re.compile(r"(?:UPDATE|DELETE FROM) (?:ONLY )?(\w+)", re.I),
}
_VOLATILE = r"\b(clock_timestamp|random|gen_random_uuid|nextval|timeofday|uuidv[47])\s*\(|IDENTITY"
_CHECK = "reads every row: online.add_check"
_INDEX = "builds an index: online.create_index"
_WRITES = "may write every row anew"
# What is said of an ALTER TABLE, and what to do instead.
_ALTERED = (
    (r"SET NOT NULL", _CHECK),
    (r"ADD (CONSTRAINT \w+ )?(CHECK|FOREIGN KEY)(?!.*NOT VALID)", _CHECK),
    (r"ADD (CONSTRAINT \w+ )?(UNIQUE|PRIMARY KEY|EXCLUDE)(?!.*USING INDEX)", _INDEX),
    (r"ALTER (COLUMN )?\w+ (SET DATA )?TYPE", f"{_WRITES}: add a column"),
    (rf"ADD COLUMN (?=.*({_VOLATILE}|\bSTORED\b|SERIAL))", _WRITES),
    (r"ADD COLUMN (?=.*NOT NULL)(?!.*DEFAULT)", "old code does not fill it: give it a default"),
    (r"ADD COLUMN .*\bREFERENCES\b", "reads every row"),
    (r"RENAME", "old code asks for the old name: add a column"),
)  # fmt: skip


def standstills(statements: Iterable[str]) -> list[str]:
    """What is wrong with one migration's statements; empty: nothing."""
    found, made = [], set()
    for statement in statements:
        said = " ".join(statement.split())
        if its := _MADE.match(said):
            made.add(its[1])
        found += [f"{said[:70]} …: {why}" for why in _faults(said, made)]
    return found


def _faults(said: str, made: set[str]) -> Iterable[str]:
    def is_big(table: str) -> bool:
        return table in BIG and table not in made

    if (its := _TABLE["index"].match(said)) and is_big(its[1]) and "CONCURRENTLY" not in said:
        yield "keeps writers out: online.create_index"
    if (its := _TABLE["drop"].match(said)) and "CONCURRENTLY" not in said:
        yield "keeps everybody out for as long as somebody reads: online.drop_index"
    if (its := _TABLE["rows"].match(said)) and is_big(its[1]):
        yield "locks every row: let the code fill it, some rows at a time"
    if (its := _TABLE["alter"].match(said)) and is_big(its[1]):
        for pattern, why in _ALTERED:
            if re.search(pattern, its[2], re.I | re.S):
                yield why
