"""Prices by setting: read from the file, given to job types that have none of their own."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from haulage.accounts.prices import from_file, set_prices
from haulage.domain.context import Context
from haulage.domain.credits import Material, Price, price_of
from haulage.domain.job_type import Policy, Registry, job_type
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


def test_a_price_of_nothing_makes_a_type_free(registry: Registry, tmp_path: Path) -> None:
    assert not given(registry, tmp_path, "[prices]\nown = 0").get("own").policy.is_priced


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[prices]\nflatt = 3", "there is no job type 'flatt'"),
        ("[prices]\nflat = -1", "prices.flat.job"),
        ("[prices]\nflat = 1.5", "prices.flat"),
        ("[prices.flat]\npages = 3", "prices.flat.pages"),
    ],
)
def test_a_fault_in_a_price_is_named(
    registry: Registry, tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(SettingsFault, match=said):
        given(registry, tmp_path, text)
