"""Refuses requests while every answer is late, so that those under way are still in time.

Past what its processor can do a server that takes everything answers later and later, until clients
give up and ask again. From then on it works for nobody, and goes on so when the load is gone. One
that refuses early, and says when to come back, keeps doing all it can.

Late is judged by the quickest answer of a whole second, as CoDel does with packets (Nichols and
Jacobson, ACM Queue 10(5), 2012): a burst, one slow page or a reader who waits is no overload; that
nobody was quick is. A late server has no more than `ROOM` requests under way at once, until it is
in time again. What was refused has changed nothing.
"""

import asyncio
import math

from starlette.types import Receive, Scope, Send

from haulage.api import headers
from haulage.api.errors import problem
from haulage.telemetry import logs

log = logs.get(__name__)

WINDOW_S = 1.0
# Under way at once while late: enough to keep a processor busy, and batches worth their name.
ROOM = 32
RETRY_S = 2
# A balancer that goes by the fewest connections would send everybody to whoever refuses quickest.
HOLDS_S = 0.5
# What watches this process and what shows it to people is answered always.
_COUNTED = "/api/"
# Uploads last for as long as their clients send.
_UPLOADS = "/api/v1/files"


class Overload:
    """What one server knows of its own lateness. Moments are seconds of a clock that only grows."""

    def __init__(self, late_s: float) -> None:
        self.refusal = Refusal(late_s)
        self._late_s = late_s
        self._under_way = 0
        self._quickest_s = math.inf
        self._window_ends = -math.inf
        self._late_until = -math.inf
        self._told = False

    def refuses(self, scope: Scope, at: float) -> bool:
        """Whether the request is not to be taken on."""
        late = at < self._late_until and self._under_way >= ROOM
        if not late or not scope["path"].startswith(_COUNTED):
            return False
        if not self._told:
            self._told = True
            log.warning("api.overloaded", late_s=self._late_s, under_way=self._under_way)
        return True

    def came(self, at: float) -> None:
        """A request is under way."""
        if not self._under_way:
            self._look_anew(at)
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
            self._look_anew(at)

    def left(self) -> None:
        """It ended without an answer."""
        self._under_way -= 1

    def _look_anew(self, at: float) -> None:
        self._quickest_s, self._window_ends = math.inf, at + WINDOW_S

    def _judge(self, at: float) -> None:
        if self._quickest_s <= self._late_s:
            self._late_until, self._told = -math.inf, False
        else:
            # The next answers take as long, and it stands until one of them was in time. Where none
            # comes (all that are under way may be such as wait by nature) it ends by itself.
            self._late_until = at + self._quickest_s


class Refusal:
    """503 after a moment, with when to come back."""

    def __init__(self, late_s: float) -> None:
        self._late_s = late_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(HOLDS_S)
        answer = problem(
            scope,
            503,
            "overloaded",
            "Too busy",
            f"This server takes more than {self._late_s:g} s for each answer, so it takes on no "
            "more for a moment. Nothing was done. Come back after Retry-After; where that does not "
            "help, start another API server.",
            headers={"Retry-After": str(RETRY_S)},
        )
        await answer(scope, receive, send)


def _takes_its_time(scope: Scope) -> bool:
    return scope["path"] == _UPLOADS or headers.line(scope, b"prefer") is not None
