"""`If-Match`, and `If-None-Match: *`, for what somebody sets: nobody overwrites unseen what another
has set since.

A setting has a version, a digest of it alone. It is the ETag of what a change answers, and the
first part of the ETag of what a read answers: there a digest of all that is told beside it follows
(`representation.py`). Either may be sent back as it came.
"""

from dataclasses import dataclass

from starlette.requests import Request

from haulage.api import headers

WHATEVER = "*"
# Between a setting's version and the digest of its document.
SEAM = "."


@dataclass(frozen=True, slots=True)
class Precondition:
    """What a caller wants to be there before its change. Nothing said: anything will do."""

    versions: frozenset[str] | None = None
    is_new: bool = False

    @property
    def was_said(self) -> bool:
        """Whether there is one."""
        return self.is_new or self.versions is not None

    def holds(self, version: str | None) -> bool:
        """Whether it does where `version` is there; None: nothing is."""
        if self.is_new and version is not None:
            return False
        if self.versions is None:
            return True
        return version is not None and (WHATEVER in self.versions or version in self.versions)


def precondition_of(request: Request) -> Precondition:
    """What the request's headers say."""
    lines = headers.lines(request.scope, b"if-match")
    said = [one.strip() for line in lines for one in line.split(",")]
    return Precondition(
        frozenset(_version(one) for one in said) if lines else None,
        (headers.line(request.scope, b"if-none-match") or "").strip() == WHATEVER,
    )


def etag_of(version: str) -> dict[str, str]:
    """The header that tells a setting's version."""
    return {"ETag": f'"{version}"'}


def _version(etag: str) -> str:
    return etag.removeprefix("W/").strip('"').partition(SEAM)[0]
