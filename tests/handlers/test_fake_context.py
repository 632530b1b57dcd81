"""The contexts that ship for users' own handler tests keep the promises of the real ones."""

import asyncio

import pytest
from pydantic import BaseModel

from haulage.domain.context import BlockingContext, Context, version
from haulage.domain.errors import Interrupted, NotRetryable
from haulage.testing import FakeBlockingContext, FakeContext


class Draft(BaseModel):
    text: str


def accepts_both(context: Context, blocking: BlockingContext) -> None:
    """Checked by mypy: the fakes are contexts."""


accepts_both(FakeContext(), FakeBlockingContext())


async def test_a_finished_step_is_not_run_again():
    ctx, calls = FakeContext(), []

    async def count(word: str) -> int:
        calls.append(word)
        return len(calls)

    assert [await ctx.step("count", count, "a") for _ in range(3)] == [1, 1, 1]
    ctx.next_attempt()
    assert await ctx.step("count", count, "a") == 1
    assert await ctx.step("count", count, "b") == 2


def test_another_version_makes_a_step_stale():
    ctx = FakeBlockingContext()

    assert ctx.step("draft", version("1")(lambda: "old")) == "old"
    assert ctx.step("draft", version("2")(lambda: "new")) == "new"


def test_a_failed_step_is_run_again():
    ctx = FakeBlockingContext()

    with pytest.raises(ZeroDivisionError):
        ctx.step("divide", lambda: 1 / 0)

    assert ctx.step("divide", lambda: 7) == 7


def test_values_go_through_json():
    ctx = FakeBlockingContext()

    assert ctx.step("draft", lambda: Draft(text="é")) == {"text": "é"}
    with pytest.raises(ValueError, match="serialize"):
        ctx.step("object", object)


async def test_a_map_keeps_its_order_and_reports():
    ctx = FakeContext()

    assert await ctx.map("double", lambda x: 2 * x, [1, 2, 3]) == [2, 4, 6]
    assert [report.done for report in ctx.reports] == [1, 2, 3]


async def test_a_partial_map_puts_a_failure_in_the_place_of_a_value():
    ctx = FakeContext()

    def invert(x: int) -> float:
        if x == 0:
            raise NotRetryable("nothing to invert", code="zero")
        return 1 / x

    parts = await ctx.map_partial("invert", invert, [1, 0, 2])

    assert [part.value for part in parts] == [1.0, None, 0.5]
    assert parts[1].failure is not None
    assert (parts[1].failure.code, parts[1].failure.message) == ("zero", "nothing to invert")
    assert (ctx.reports[-1].done, ctx.reports[-1].failed, ctx.reports[-1].total) == (2, 1, 3)


def test_an_interruption_passes_through_a_partial_map():
    def stop(_: int) -> None:
        raise Interrupted("cancelled")

    with pytest.raises(Interrupted):
        FakeBlockingContext().map_partial("stop", stop, [1])


def test_a_plain_handler_takes_plain_steps_only():
    async def later() -> None:
        import asyncio

        await asyncio.sleep(0)

    with pytest.raises(TypeError, match="plain function"):
        FakeBlockingContext().step("later", later)


def test_logs_files_usage_and_settings_are_there():
    ctx = FakeBlockingContext(settings={"colour": "blue"})
    file = ctx.add_file(b"abc", name="a.txt")

    ctx.log("read", size=3)
    ctx.add_usage(calls=1, cost=0.5)
    ctx.add_usage(calls=2)

    assert ctx.file(str(file.id)).content == b"abc"
    assert ctx.lines == [("read", {"size": 3})]
    assert (ctx.used.calls, ctx.used.cost) == (3, 0.5)
    assert (ctx.setting("colour", "red"), ctx.setting("size", 1)) == ("blue", 1)


def test_a_fake_file_lies_on_a_disk_and_what_is_made_is_found():
    ctx = FakeBlockingContext()
    file = ctx.add_file(b"abc", name="a.txt")

    upper = ctx.file_path(file.id).path.read_bytes().upper()
    made = [ctx.put_file("b.txt", "text/plain", upper) for _ in range(2)]
    copied = ctx.put_file("c.txt", "text/plain", ctx.file_path(made[0].id).path)

    assert made[0] == made[1]
    assert [(one.name, one.content) for one in ctx.made] == [("b.txt", b"ABC"), ("c.txt", b"ABC")]
    assert ctx.file(copied.id).size == 3


@pytest.mark.parametrize("file_id", ["01970000-0000-7000-8000-000000000000", "no id"])
async def test_an_unknown_file_is_not_retried(file_id):
    with pytest.raises(NotRetryable):
        await FakeContext().file(file_id)


async def test_turns_at_pools_are_written_down():
    ctx, plain = FakeContext(), FakeBlockingContext()
    async with ctx.limit("maps", tokens=3) as turn:
        turn.settle(input_tokens=2, output_tokens=0)
    with plain.limit("maps"):
        pass
    assert (ctx.turns, plain.turns) == ([("maps", 3)], [("maps", 0)])


@pytest.mark.parametrize("look", ["reports", "lines", "executed"])
async def test_who_looks_at_a_fake_context_hears_of_a_call_that_was_not_awaited(look: str) -> None:
    ctx = FakeContext()
    steps = asyncio.gather(ctx.step("one", int), ctx.step("two", int))
    ctx.progress(50)
    await steps
    with pytest.raises(AssertionError, match=r"ctx\.progress\(…\) in test_fake_context\.py:\d+"):
        getattr(ctx, look)
    assert (ctx.reports, ctx.executed) == ([], ["one", "two"])


async def test_a_second_attempt_does_not_begin_on_a_call_that_was_not_awaited() -> None:
    ctx = FakeContext()
    ctx.log("half way")
    with pytest.raises(AssertionError, match=r"write `await ctx\.log"):
        ctx.next_attempt()
