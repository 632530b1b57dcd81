"""What a client raises.

HaulageError                (haulage.domain.errors)
├── ApiError                the API refused: problem+json (RFC 9457)
├── BadAddress              the base URL is not one
├── WaitTimeout             the job goes on; only the waiting is over
└── Unavailable
    └── Unreachable         nothing answers at the base URL
"""

from typing import Any

from haulage.domain.errors import Fault, HaulageError, Unavailable


class ApiError(HaulageError):
    """The API's refusal. `errors` are the JSON pointers that do not fit, if any.

    `code` is stable and meant for programs, `detail` for people; `request_id` finds the request in
    the server's logs; `retry_after_s` is set when the server said when to come back. `problem` is
    the whole document.
    """

    def __init__(
        self,
        status: int,
        title: str,
        detail: str = "",
        *,
        errors: tuple[Fault, ...] = (),
        request_id: str | None = None,
        code: str | None = None,
        retry_after_s: float | None = None,
        problem: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{status} {title}" + (f": {detail}" if detail else ""))
        self.status = status
        self.title = title
        self.detail = detail
        self.errors = errors
        self.request_id = request_id
        self.code = code or "api_error"
        self.retry_after_s = retry_after_s
        self.problem = problem or {}

    @property
    def is_passing(self) -> bool:
        """Whether a server that is busy or starting says this: the same request may do later."""
        return self.status in (429, 502, 503, 504)


class BadAddress(HaulageError):
    """The base URL is not an http or https URL."""

    code = "bad_address"


class Unreachable(Unavailable):
    """Nothing answers at `url`; the message says where that address came from."""

    code = "unreachable"

    def __init__(self, what: str, *, url: str, hint: str) -> None:
        super().__init__(what, hint=hint)
        self.url = url


class WaitTimeout(HaulageError):
    """The job was not over in the time given to `wait`. It goes on; `job` is how it stood."""

    code = "wait_timeout"

    def __init__(self, job: Any, timeout_s: float) -> None:
        super().__init__(f"job {job.id} is still {job.state} after {timeout_s:g} s")
        self.job = job
