"""Refuses requests while every answer is late, so that those under way are still in time.

Past what its processor can do a server that takes everything answers later and later, until clients
give up and ask again. From then on it works for nobody, and goes on so when the load is gone. One
that refuses early, and says when to come back, keeps doing all it can.

Late is judged by the quickest answer of a whole second, as CoDel does with packets (Nichols and
Jacobson, ACM Queue 10(5), 2012): a burst, one slow page or a reader who waits is no overload; that
nobody was quick is. What was refused has changed nothing.
"""

import math

from starlette.types import Receive, Scope, Send

from haulage.api import headers
from haulage.api.errors import problem
from haulage.telemetry import logs

log = logs.get(__name__)

WINDOW_S = 1.0
# Fewer than so many under way are no crowd, however long they take.
CROWD = 32
# What watches this process and what shows it to people is answered always.
_COUNTED = "/api/"
# Uploads last for as long as their clients send.
_UPLOADS = "/api/v1/files"


class Overload:
    """What one server knows of its own lateness. Moments are seconds of a clock that only grows."""

    def __init__(self, late_s: float) -> None:
        self._late_s = late_s
        self._under_way = 0
        self._quickest_s = math.inf
        self._window_ends = -math.inf
        self._refuses_until = -math.inf

    def refuses(self, scope: Scope, at: float) -> bool:
        """Whether the request is not to be taken on."""
        return at < self._refuses_until and scope["path"].startswith(_COUNTED)

    def refusal(self, at: float) -> "Refusal":
        """The answer to such a request."""
        return Refusal(self._late_s, math.ceil(max(self._refuses_until - at, 1.0)))

    def came(self) -> None:
        """A request is under way."""
        self._under_way += 1

    def answered(self, scope: Scope, status: int, came_at: float, at: float) -> None:
        """Its answer begins: what comes after that is for its reader to take."""
        self._under_way -= 1
        took_s = at - came_at
        # A refusal asks less of the server than an answer, and may be quick at any time.
        if status >= 400 or not scope["path"].startswith(_COUNTED):
            return
        if took_s > self._late_s and _takes_its_time(scope):
            return
        self._quickest_s = min(self._quickest_s, took_s)
        if at >= self._window_ends:
            self._judge(at)
            self._quickest_s, self._window_ends = math.inf, at + WINDOW_S

    def left(self) -> None:
        """It ended without an answer."""
        self._under_way -= 1

    def _judge(self, at: float) -> None:
        # After a lull there is no whole second to judge.
        whole = at < self._window_ends + WINDOW_S
        late = whole and self._quickest_s > self._late_s and self._under_way >= CROWD
        # A refusal lasts as long as those under way have waited: then they are through.
        if late and at >= self._refuses_until:
            self._refuses_until = at + self._late_s
            log.warning(
                "api.overloaded",
                quickest_s=round(self._quickest_s, 3),
                under_way=self._under_way,
                refuses_s=self._late_s,
            )


class Refusal:
    """503 with a moment to come back at."""

    def __init__(self, late_s: float, retry_after_s: int) -> None:
        self._late_s = late_s
        self._retry_after_s = retry_after_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = problem(
            scope,
            503,
            "overloaded",
            "Too busy",
            f"This server takes more than {self._late_s:g} s for an answer, so it takes no new "
            "requests for a moment. Nothing was done. Come back after Retry-After; where that does "
            "not help, start another API server.",
            headers={"Retry-After": str(self._retry_after_s)},
        )
        await answer(scope, receive, send)


def _takes_its_time(scope: Scope) -> bool:
    return scope["path"] == _UPLOADS or headers.line(scope, b"prefer") is not None
