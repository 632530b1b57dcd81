"""What a caller may do."""

from enum import StrEnum


class Scope(StrEnum):
    """A right within one's own tenant; `admin` has them all, and what all tenants share besides.

    Otherwise none contains another: a key that submits cannot read what was submitted.
    """

    READ = "read"
    SUBMIT = "submit"
    OPERATE = "operate"
    PRIORITY = "priority"
    ADMIN = "admin"


EVERY_SCOPE = frozenset(Scope)
