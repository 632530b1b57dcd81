"""When silence means something, and when it does not."""

import asyncio

import pytest

from haulage.engine.canary import Canary


class Air:
    """Time, a broker and a pool, as the canary sees them."""

    def __init__(self) -> None:
        self.now = 100.0
        self.sent = 0
        self.broker_answers = True
        self.canary = Canary(self._send, every_s=5, silence_s=30, monotonic=lambda: self.now)

    def _send(self) -> None:
        if not self.broker_answers:
            raise ConnectionRefusedError
        self.sent += 1

    async def looks(self, *, for_s: int, room: bool = True, arrives: bool = False) -> bool:
        """Look each second; whether it was ever found silent."""
        silent = False
        for _ in range(for_s):
            self.now += 1
            silent |= await self.canary.look(room=room)
            if self.canary._flying is not None:
                await asyncio.wait({self.canary._flying})
            if arrives:
                self.canary.arrived()
        return silent


@pytest.fixture
def air() -> Air:
    return Air()


async def test_a_consumer_that_hears_no_canary_is_silent(air: Air) -> None:
    assert not await air.looks(for_s=30)
    assert air.sent == 6
    assert await air.looks(for_s=2)


async def test_a_canary_that_arrives_proves_the_consumer(air: Air) -> None:
    assert not await air.looks(for_s=300, arrives=True)
    assert not await air.looks(for_s=30)


async def test_a_broker_that_is_away_is_no_silence(air: Air) -> None:
    assert not await air.looks(for_s=25)
    air.broker_answers = False
    assert not await air.looks(for_s=300)
    air.broker_answers = True
    assert not await air.looks(for_s=25)
    assert await air.looks(for_s=10)


async def test_a_process_that_was_frozen_has_not_listened(air: Air) -> None:
    assert not await air.looks(for_s=25)
    air.now += 60
    assert not await air.looks(for_s=25)


async def test_a_full_pool_is_no_silence(air: Air) -> None:
    assert not await air.looks(for_s=25)
    assert not await air.looks(for_s=3600, room=False)
    assert not await air.looks(for_s=25)
