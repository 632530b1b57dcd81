"""Runs a Lua script by its digest, and by its text where the server does not know it yet."""

import hashlib
from collections.abc import Sequence
from importlib.resources import files

import redis.asyncio as redis
from redis.exceptions import NoScriptError

LIMITER = (
    "prelude.lua",
    "bucket.lua",
    "rolling.lua",
    "calendar.lua",
    "counters.lua",
    "turns.lua",
    "foresight.lua",
    "limiter.lua",
    "brakes.lua",
    "run.lua",
)


class Script:
    """Files beside this one, joined in order."""

    def __init__(self, *names: str) -> None:
        here = files(__package__)
        self.text = "\n".join((here / name).read_text() for name in names)
        self._digest = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()

    async def run(
        self, client: "redis.Redis", key: str, arguments: Sequence[str | bytes | int]
    ) -> bytes:
        """Raises `RedisError`."""
        try:
            return await client.evalsha(self._digest, 1, key, *arguments)  # type: ignore[no-any-return]
        except NoScriptError:
            return await client.eval(self.text, 1, key, *arguments)  # type: ignore[no-any-return]
