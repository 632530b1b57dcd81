"""Prices by setting: what a run of a job type costs, whoever wrote the type.

    [prices]
    summarize_text = 1

    [prices.rewrite_novel]
    job = 5
    page = 2
    charge = "share"

They take the place of what the type's own policy says. The price is reserved at the submit;
`charge` says what of it a run that succeeded has come to, by what it told of itself.
"""

from collections.abc import Mapping
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from haulage.domain.credits import MOST, Charge, Material, Price, Share, Work
from haulage.domain.job_type import Registry
from haulage.domain.lifecycle import State
from haulage.settings import SettingsFault
from haulage.settings.document import read_sections

KILO = 1000
# What one part of a price may be.
MOST_EACH = 10**9


class ChargeBody(BaseModel):
    """What a run that succeeded has come to, the sum of its parts, at most its price."""

    model_config = ConfigDict(extra="forbid")

    job: int = Field(default=0, strict=True, ge=0, le=MOST_EACH, description="Of each run.")
    done: int = Field(
        default=0,
        strict=True,
        ge=0,
        le=MOST_EACH,
        description="Of each part that its progress counts as done: a page, a chunk, a text.",
    )
    kilotoken: int = Field(
        default=0,
        strict=True,
        ge=0,
        le=MOST_EACH,
        description="Of each 1,000 tokens that its models took and gave, begun ones too.",
    )

    def of(self, work: Work) -> int:
        """What the parts come to."""
        tokens = work.usage.input_tokens + work.usage.output_tokens
        parts = self.done * work.progress.done + self.kilotoken * ceil(tokens / KILO)
        return min(self.job + parts, MOST)


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
    charge: Literal["share"] | ChargeBody | None = Field(
        default=None,
        description="What of it a run that succeeded costs: `share`, as large a part as its "
        "progress counts as done of what was done and what failed; or a sum of its own. All of it "
        "if not said.",
    )

    @model_validator(mode="after")
    def _charges_something(self) -> "PriceBody":
        if self.charge is not None and not (self.job or self.file or self.page or self.kilochar):
            raise ValueError("charge is taken out of a price: say what is reserved, too")
        return self

    @model_validator(mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        return {"job": value} if isinstance(value, int) and not isinstance(value, bool) else value

    def price(self) -> Price:
        """As a job type has it."""
        return self._of if self.file or self.page or self.kilochar else self.job

    def charged(self) -> Charge | None:
        """As a job type has it. Of runs that succeed alone: those of one job that did not, and are
        run again, would be charged for the same parts again."""
        match self.charge:
            case None:
                return None
            case ChargeBody() as body:
                return lambda work: body.of(work) if work.state is State.SUCCEEDED else 0
            case _:
                return lambda work: _share(work) if work.state is State.SUCCEEDED else 0

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
        policy = replace(declared.policy, price_credits=body.price(), charge_credits=body.charged())
        registry.add(replace(declared, policy=policy))


def _share(work: Work) -> Share:
    """All of it for what reports no part that failed."""
    done, failed = work.progress.done, work.progress.failed
    return Share(done, done + failed) if failed else Share(1, 1)


def _characters(value: Any) -> int:
    """Of all texts in an input, not of the names of its fields."""
    plain = value.model_dump() if isinstance(value, BaseModel) else value
    if isinstance(plain, str):
        return len(plain)
    if isinstance(plain, Mapping):
        return sum(_characters(one) for one in plain.values())
    return sum(_characters(one) for one in plain) if isinstance(plain, list | tuple | set) else 0
