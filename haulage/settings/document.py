"""`haulage.toml`: sections that are one model each, read with all their faults at once."""

import re
import tomllib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from haulage.settings import SettingsFault

M = TypeVar("M", bound=BaseModel)


def read_sections(
    path: Path, table: str, model: type[M], *, noun: str, names: re.Pattern[str] | None = None
) -> dict[str, M]:
    """The `[table.NAME]` sections of the file, by their names; none when there is no file.

    `noun` is what a section stands for, `names` what its name may be. Raises `SettingsFault` with
    every fault it finds, and none of the values.
    """
    try:
        document = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsFault(f"{path} can't be read: {error}") from error
    sections = document.get(table, {})
    if not isinstance(sections, dict):
        raise SettingsFault(f"{path}: write [{table}.NAME] for each {noun}.")
    found: dict[str, M] = {}
    faults: list[str] = []
    for name, section in sections.items():
        if names is not None and not names.fullmatch(name):
            faults.append(f"{path}: {table}.{name}: a name has small letters, digits, - and _")
        try:
            found[name] = model.model_validate(section)
        except ValidationError as error:
            faults += [
                f"{path}: {table}.{'.'.join([name, *(str(one) for one in item['loc'])])}: "
                f"{item['msg']}"
                for item in error.errors(include_url=False, include_input=False)
            ]
    if faults:
        raise SettingsFault("\n".join(faults))
    return found
