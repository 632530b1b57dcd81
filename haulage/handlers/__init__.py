"""Rank 4: the job types that ship, one file each. They see domain, documents and web only.

They are discovered, never listed: every module of this package, every module that a distribution
names under the entry point group `haulage.handlers`, and the modules an operator names. Importing
one declares its job types. Their top-level imports stay light, because every process imports them:
heavy libraries are imported inside the functions of `documents` and `web` that need them.
"""

import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Iterable
from importlib.metadata import entry_points
from pathlib import Path

from haulage.domain.errors import DefinitionFault
from haulage.domain.job_type import REGISTRY, Registry

GROUP = "haulage.handlers"


def load_all(extra: Iterable[str] = ()) -> Registry:
    """Import every job type and return the registry that holds them.

    `extra` names modules (`jobs`, `shop.jobs`; the current folder is searched too) or files
    (`./jobs.py`). Raises `DefinitionFault` when one cannot be imported. Calling it again is cheap.
    """
    for name in shipped():
        importlib.import_module(name)
    for point in entry_points(group=GROUP):
        try:
            point.load()
        except Exception as error:
            raise _fault(f"entry point {point.name!r} ({point.value})", error) from error
    for name in extra:
        try:
            _load_named(name)
        except Exception as error:
            raise _fault(f"handlers module {name!r}", error) from error
    return REGISTRY


def shipped() -> list[str]:
    """The modules of the job types that ship."""
    return [f"{__name__}.{module.name}" for module in pkgutil.iter_modules(__path__)]


def _load_named(name: str) -> None:
    if name.endswith(".py"):
        _load_file(Path(name))
        return
    # A console script, unlike `python -m`, does not search the folder it is started in.
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.append(here)
    importlib.import_module(name)


def _load_file(path: Path) -> None:
    location = path.resolve(strict=True)
    # Named like the plain module, so that a file given twice is still one declaration.
    name = location.stem
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__file__", None) == str(location):
        return
    if known is not None:
        raise ImportError(f"a module named {name!r} is already loaded; rename the file")
    spec = importlib.util.spec_from_file_location(name, location)
    if spec is None or spec.loader is None:
        raise ImportError(f"{location} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise


def _fault(what: str, error: Exception) -> DefinitionFault:
    if isinstance(error, DefinitionFault):
        return error
    return DefinitionFault(f"{what} cannot be imported: {type(error).__name__}: {error}")
