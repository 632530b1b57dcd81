"""Redis' clock as a process knows it."""

from haulage.limits.clock import RedisClock


async def test_who_asks_later_is_told_more_whatever_is_learned_meanwhile() -> None:
    clock = RedisClock()
    now_s = clock._loop.time()
    clock.compare(5_000, sent_at=now_s - 1, heard_at=now_s)
    before = clock.now_us()
    # An answer that was heard sooner: that clock is half a second behind what it was taken for.
    clock.compare(4_500, sent_at=now_s, heard_at=now_s)
    after = clock.now_us()
    assert before is not None
    assert after is not None
    assert after > before
