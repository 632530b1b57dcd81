"""Prices by setting: what a run of a job type costs, whoever wrote the type.

    [prices]
    summarize_text = 1

    [prices.rewrite_novel]
    job = 5
    page = 2

They take the place of what the type's own policy says.
"""

from collections.abc import Mapping
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from haulage.domain.credits import MOST, Material, Price
from haulage.domain.job_type import Registry
from haulage.settings import SettingsFault
from haulage.settings.document import read_sections

KILO = 1000
# What one part of a price may be.
MOST_EACH = 10**9


class PriceBody(BaseModel):
    """The price of a run, the sum of its parts. A number alone is `job`."""

    model_config = ConfigDict(extra="forbid")

    job: int = Field(default=0, strict=True, ge=0, le=MOST_EACH, description="Of each run.")
    file: int = Field(default=0, strict=True, ge=0, le=MOST_EACH, description="Of each file.")
    page: int = Field(default=0, strict=True, ge=0, le=MOST_EACH, description="Of each page.")
    kilochar: int = Field(
        default=0,
        strict=True,
        ge=0,
        le=MOST_EACH,
        description="Of each 1,000 characters of text in the input, begun ones too.",
    )

    @model_validator(mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        return {"job": value} if isinstance(value, int) and not isinstance(value, bool) else value

    def price(self) -> Price:
        """As a job type has it."""
        return self._of if self.file or self.page or self.kilochar else self.job

    def _of(self, value: Any, files: Material) -> int:
        total = self.job + self.file * files.files + self.page * files.pages
        if self.kilochar:
            total += self.kilochar * ceil(_characters(value) / KILO)
        return min(total, MOST)


def from_file(path: Path) -> dict[str, PriceBody]:
    """The section `[prices]` of a `haulage.toml`; none when there is no file. Raises
    `SettingsFault` with every fault it finds."""
    return read_sections(path, "prices", PriceBody, noun="job type")


def set_prices(registry: Registry, prices: Mapping[str, PriceBody]) -> None:
    """Give the job types their prices. Raises `SettingsFault` for types that nobody knows: a
    misspelt one would be free."""
    faults = [
        f"prices.{name}: there is no job type {name!r}; `haulage types list` shows all."
        for name in prices
        if name not in registry or registry.get(name).internal
    ]
    if faults:
        raise SettingsFault("\n".join(faults))
    for name, body in prices.items():
        declared = registry.get(name)
        # What a run has come to was the type's own word on its own price.
        policy = replace(declared.policy, price_credits=body.price(), charge_credits=None)
        registry.add(replace(declared, policy=policy))


def _characters(value: Any) -> int:
    """Of all texts in an input, not of the names of its fields."""
    plain = value.model_dump() if isinstance(value, BaseModel) else value
    if isinstance(plain, str):
        return len(plain)
    if isinstance(plain, Mapping):
        return sum(_characters(one) for one in plain.values())
    return sum(_characters(one) for one in plain) if isinstance(plain, list | tuple | set) else 0
