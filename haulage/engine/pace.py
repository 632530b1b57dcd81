"""How quickly a worker gets through the jobs of each queue, from one heartbeat to the next."""

from collections.abc import Mapping


class Pace:
    """Remembers the counts of the last look."""

    def __init__(self) -> None:
        self._counts: Mapping[str, int] = {}
        self._at: float | None = None

    def since(self, counts: Mapping[str, int], now: float) -> dict[str, float]:
        """By queue, how many a second were added to `counts` since the last look; without those to
        which nothing was. Nothing at the first look. `now` in seconds."""
        before, at = self._counts, self._at
        self._counts, self._at = counts, now
        if at is None or now <= at:
            return {}
        return {
            queue: round(added / (now - at), 1)
            for queue, count in counts.items()
            if (added := count - before.get(queue, 0)) > 0
        }
