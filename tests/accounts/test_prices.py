"""Prices by setting: read from the file, given to job types that have none of their own."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from haulage.accounts.prices import from_file, set_prices
from haulage.domain.context import Context
from haulage.domain.credits import Material, Price, Share, Work, charge_of, price_of
from haulage.domain.errors import DefinitionFault
from haulage.domain.job import Progress, Usage
from haulage.domain.job_type import Policy, Registry, job_type
from haulage.domain.lifecycle import State
from haulage.settings import SettingsFault

PRICES = """
[prices]
flat = 3

[prices.book]
job = 5
file = 1
page = 2

[prices.text]
kilochar = 4
"""


class Words(BaseModel):
    title: str = ""
    parts: list[str] = []


@pytest.fixture
def registry() -> Registry:
    made = Registry()
    for name in ("flat", "book", "text", "own"):
        policy = Policy(price_credits=7, charge_credits=lambda _: 1, timeout_s=9)

        async def handle(input: Words, ctx: Context) -> str:
            return ""

        job_type(name, registry=made, policy=policy)(handle)
    return made


def given(registry: Registry, folder: Path, text: str = PRICES) -> Registry:
    (folder / "haulage.toml").write_text(text)
    set_prices(registry, from_file(folder / "haulage.toml"))
    return registry


def price(registry: Registry, name: str) -> Price:
    return registry.get(name).policy.price_credits


def test_a_number_is_what_each_run_costs(registry: Registry, tmp_path: Path) -> None:
    assert price(given(registry, tmp_path), "flat") == 3


def test_files_and_pages_are_counted(registry: Registry, tmp_path: Path) -> None:
    book = price(given(registry, tmp_path), "book")
    assert price_of(book, Words(), Material(files=2, pages=300)) == 5 + 2 + 600


def test_a_thousand_characters_are_counted_from_the_first_one(
    registry: Registry, tmp_path: Path
) -> None:
    text = price(given(registry, tmp_path), "text")
    assert price_of(text, Words(), Material()) == 0
    assert price_of(text, Words(title="a"), Material()) == 4
    assert price_of(text, Words(title="a" * 500, parts=["b" * 500, "c"]), Material()) == 8


def test_a_setting_takes_the_place_of_the_types_own_price_and_of_nothing_else(
    registry: Registry, tmp_path: Path
) -> None:
    policy = given(registry, tmp_path).get("flat").policy
    assert (policy.price_credits, policy.charge_credits, policy.timeout_s) == (3, None, 9)
    assert registry.get("own").policy.price_credits == 7


SHARE = "[prices.book]\njob = 5\npage = 2\ncharge = 'share'"
PARTS = "[prices.book]\njob = 90\ncharge = {job = 1, done = 2, kilotoken = 10}"


def came_to(registry: Registry, state: State = State.SUCCEEDED, **told: int) -> int | Share:
    charge = registry.get("book").policy.charge_credits
    assert charge is not None
    progress = Progress(done=told.get("done", 0), failed=told.get("failed", 0))
    usage = Usage(input_tokens=told.get("taken", 0), output_tokens=told.get("given", 0))
    return charge_of(charge, Work(state, Words(), usage=usage, progress=progress))


def test_a_share_is_what_was_done_of_what_was_done_and_failed(
    registry: Registry, tmp_path: Path
) -> None:
    book = given(registry, tmp_path, SHARE)
    assert came_to(book, done=7, failed=3) == Share(7, 10)
    assert came_to(book, done=0, failed=3) == Share(0, 3)


def test_a_share_of_a_run_without_failed_parts_is_all_of_it(
    registry: Registry, tmp_path: Path
) -> None:
    book = given(registry, tmp_path, SHARE)
    assert came_to(book, done=7) == came_to(book) == Share(1, 1)


def test_parts_done_and_begun_thousands_of_tokens_are_charged(
    registry: Registry, tmp_path: Path
) -> None:
    book = given(registry, tmp_path, PARTS)
    assert came_to(book) == 1
    assert came_to(book, done=3, failed=2, taken=1_500, given=501) == 1 + 6 + 30


@pytest.mark.parametrize("text", [SHARE, PARTS])
@pytest.mark.parametrize("state", [State.FAILED, State.CANCELLED])
def test_a_run_that_did_not_succeed_costs_nothing_by_setting(
    registry: Registry, tmp_path: Path, text: str, state: State
) -> None:
    assert came_to(given(registry, tmp_path, text), state, done=9, failed=1, taken=5_000) == 0


@pytest.mark.parametrize("share", [Share(2, 1), Share(-1, 1), Share(0, 0)])
def test_a_share_is_a_part_of_a_whole(share: Share) -> None:
    with pytest.raises(DefinitionFault, match="a part of a whole"):
        charge_of(lambda _: share, Work(State.SUCCEEDED, None))


def test_a_price_of_nothing_makes_a_type_free(registry: Registry, tmp_path: Path) -> None:
    assert not given(registry, tmp_path, "[prices]\nown = 0").get("own").policy.is_priced


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[prices]\nflatt = 3", "there is no job type 'flatt'"),
        ("[prices]\nflat = -1", "prices.flat.job"),
        ("[prices]\nflat = 1.5", "prices.flat"),
        ("[prices.flat]\npages = 3", "prices.flat.pages"),
        ("[prices.flat]\njob = 3\ncharge = {pages = 1}", "prices.flat.charge"),
        ("[prices.flat]\njob = 3\ncharge = 'half'", "prices.flat.charge"),
        ("[prices.flat]\ncharge = 'share'", "say what is reserved"),
    ],
)
def test_a_fault_in_a_price_is_named(
    registry: Registry, tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(SettingsFault, match=said):
        given(registry, tmp_path, text)
