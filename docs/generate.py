"""Writes the reference pages from the code they describe: settings, commands, job types.

    python docs/generate.py            write the pages
    python docs/generate.py --check    exit with 1 if one is out of date

A test calls `pages()` and compares. What each setting means is in `settings.toml`: its
declaration does not say.
"""

import inspect
import re
import sys
import tomllib
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from typer.main import get_command

from haulage import handlers, secret_files
from haulage.api.type_documents import document_of
from haulage.cli.main import COMMANDS, app
from haulage.cli.type_page import section_of, table_of
from haulage.domain.job_type import JobType
from haulage.settings import Settings
from haulage.settings.older_names import OLDER_NAMES

DOCS = Path(__file__).resolve().parent
MADE = "<!-- Made by docs/generate.py from the code. Change that, then run it. -->\n"

MEANINGS = tomllib.loads((DOCS / "settings.toml").read_text())
_EXAMPLE = re.compile(r"\[cyan\](.*?)\[/cyan\]", re.DOTALL)
ELSEWHERE: dict[str, str] = MEANINGS.pop("elsewhere")


def pages() -> dict[str, str]:
    """The text of each generated page, by file name."""
    return {
        "configuration.md": configuration(),
        "cli.md": command_line(),
        "job-types.md": job_types(),
    }


# ── Settings ─────────────────────────────────────────────────────────────────────────────────


def configuration() -> str:
    """Every environment variable with default and meaning."""
    parts = [
        MADE,
        "# Configuration\n",
        "Everything is set by environment variables, read once when a process starts and checked "
        "then. A variable that begins with `HAULAGE_` and that nobody reads is an error, with the "
        "nearest name: a misspelt limit is a limit that does not hold. Names ending in `_s` are "
        "seconds, `_bytes` bytes.\n",
        "`haulage up` sets the URLs, the data folder and the blob folder for the processes it "
        "starts. Those that you run yourself need at least `HAULAGE_DATABASE_URL` and "
        "`HAULAGE_REDIS_URL`; `haulage doctor` says what is missing.\n",
    ]
    alone = []
    for section, info in Settings.model_fields.items():
        model = info.annotation
        if not (isinstance(model, type) and issubclass(model, BaseModel)):
            alone.append((_variable(section), _default(info.default), MEANINGS[section]))
            continue
        rows = [
            (
                _variable(section, name),
                _default(getattr(info.default, name)),
                MEANINGS[section][name],
            )
            for name in model.model_fields
        ]
        parts += [f"## {section.capitalize()}\n", _settings_table(rows)]
    parts += ["## Job types and queues\n", _settings_table(alone)]
    names = ", ".join(f"`{name}`" for name in secret_files.VARIABLES)
    parts += [
        "## Secrets from files\n",
        "Docker and Kubernetes hand secrets over as files. Each of these variables names a file "
        f"that holds what the one without `_FILE` would, and is read once, at the start: {names}. "
        "The files of providers' keys and of the poller's secret are above.\n",
    ]
    parts += [
        "## Older names\n",
        "Read where ours is not set, so that the environment of a system that Haulage takes the "
        "place of needs no change.\n",
        table_of(
            ("name", "is"), [(f"`{name}`", f"`{ours}`") for name, ours in OLDER_NAMES.items()]
        ),
        "## Read elsewhere\n",
        table_of(
            ("variable", "meaning"), [(f"`{name}`", text) for name, text in ELSEWHERE.items()]
        ),
    ]
    return "\n".join(parts)


def _variable(*parts: str) -> str:
    return "_".join(("haulage", *parts)).upper()


def _default(value: object) -> str:
    if value is None or str(value) == "":
        return "none"
    if isinstance(value, str):
        home = str(Path.home())
        return "`~" + value.removeprefix(home) + "`" if value.startswith(home) else f"`{value}`"
    if isinstance(value, tuple):
        pairs = ["=".join(item) if isinstance(item, tuple) else str(item) for item in value]
        return f"`{','.join(pairs)}`" if pairs else "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _settings_table(rows: list[tuple[str, str, str]]) -> str:
    return table_of(
        ("variable", "default", "meaning"), [(f"`{name}`", d, text) for name, d, text in rows]
    )


# ── Commands ─────────────────────────────────────────────────────────────────────────────────


def command_line() -> str:
    """Every command with its arguments and options."""
    root: Any = get_command(app)
    parts = [
        MADE,
        "# The command line\n",
        "Every command has `--help`. Results go to stdout, everything else to stderr, so a pipe "
        "carries only results; `-o json` prints one JSON document a line. Exit codes: 0 done; 1 it "
        "went wrong (the API refused, a job failed, a server is missing); 2 the command makes no "
        "sense and nothing was sent; 130 stopped by Ctrl-C. An error says what, why and the "
        "command that mends it.\n",
    ]
    for name in COMMANDS:
        command = root.get_command(None, name)
        members = getattr(command, "commands", None) or {"": command}
        for member, leaf in members.items():
            parts += _command(f"haulage {name} {member}".strip(), leaf)
    return "\n".join(parts)


def _command(name: str, command: Any) -> Iterator[str]:
    arguments = [_argument(p) for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option" and p.name != "help"]
    yield f"## {name}\n"
    yield f"```text\n{' '.join([name, *arguments, *(['[OPTIONS]'] if options else [])])}\n```\n"
    yield _prose(command.help or "")
    if options:
        yield table_of(
            ("option", "default", "meaning"),
            [(_option(p), _option_default(p), _option_meaning(p)) for p in options],
        )


def _argument(parameter: Any) -> str:
    metavar = parameter.metavar or parameter.name.upper()
    return metavar if parameter.required else f"[{metavar}]"


def _option(parameter: Any) -> str:
    names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    variable = f" (`{parameter.envvar}`)" if parameter.envvar else ""
    return names + variable


def _option_default(parameter: Any) -> str:
    value = parameter.default
    if parameter.required:
        return "required"
    if value is None or value is False:
        return ""
    return f"`{value.value if isinstance(value, Enum) else value}`"


def _option_meaning(parameter: Any) -> str:
    kind = parameter.type_descriptor.annotation
    meaning = _inline(parameter.help or "")
    if not (isinstance(kind, type) and issubclass(kind, Enum)) or "`" in meaning:
        return meaning
    return f"{meaning} " + ", ".join(f"`{choice.value}`" for choice in kind)


def _prose(text: str) -> str:
    """A command's help as Markdown; its coloured example lines become a block."""
    examples = [example.replace("\\[", "[") for example in _EXAMPLE.findall(text)]
    lines = [
        _inline(paragraph.strip()) + "\n"
        for paragraph in text.split("\n\n")
        if not paragraph.strip().startswith("[dim]Example")
    ]
    if examples:
        lines.append("```sh\n" + "\n".join(examples) + "\n```\n")
    return "\n".join(lines)


def _inline(text: str) -> str:
    return re.sub(r"\[/?(?:b|bold)\]", "`", text).replace("\\[", "[")


# ── Job types ────────────────────────────────────────────────────────────────────────────────


def job_types() -> str:
    """Every job type that ships."""
    parts = [
        MADE,
        "# The job types that ship\n",
        "Each is one file in `haulage/handlers/`. `haulage types list` shows those of your "
        "installation, your own included, `haulage types show NAME` one of them, and "
        "`haulage types docs` prints such a page of them. How to write "
        "one: [tutorial.md](tutorial.md).\n",
    ]
    shipped = [t for t in handlers.load_all() if t.handler.__module__.startswith(handlers.__name__)]
    for declared in shipped:
        parts += _job_type(declared)
    return "\n".join(parts)


def _job_type(declared: JobType) -> Iterator[str]:
    module = inspect.getdoc(inspect.getmodule(declared.handler)) or ""
    first, described, *rest = section_of(document_of(declared))
    yield from (first, described)
    yield from (f"{paragraph}\n" for paragraph in module.split("\n\n")[1:])
    yield from rest


def main(arguments: list[str]) -> int:
    """Write the pages, or look whether they are up to date."""
    stale = [name for name, text in pages().items() if _read(DOCS / name) != text]
    if "--check" in arguments:
        sys.stderr.write("".join(f"docs/{name}: run python docs/generate.py\n" for name in stale))
        return 1 if stale else 0
    for name in stale:
        (DOCS / name).write_text(pages()[name])
    return 0


def _read(page: Path) -> str | None:
    return page.read_text() if page.exists() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
