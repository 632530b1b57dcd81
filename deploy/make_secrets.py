"""Make the secrets of compose.production.yaml: `python3 deploy/make_secrets.py`.

One file each in deploy/secrets/, which git ignores. What is there already is left alone, so it may
be run again. Needs nothing but Python.
"""

import argparse
import importlib.util
import secrets
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent


def documents(random: Callable[[], str], key: Callable[[], str]) -> dict[str, str]:
    """What each file holds. Passwords of servers stand in two files: the server's and our URL's."""
    postgres, redis = random(), random()
    return {
        "postgres_password": postgres,
        "database_url": f"postgresql://haulage:{postgres}@postgres:5432/haulage",
        "redis_auth": f"requirepass {redis}",
        "redis_url": f"redis://:{redis}@redis:6379/0",
        "webhooks_keys": random(),
        # Whoever holds it may do everything; `haulage keys create` makes keys for others.
        "operator_key": key(),
        "metrics_key": key(),
        "flower_auth": f"operator:{random()}",
        "grafana_password": random(),
    }


# Made together: a new password of one is of no use to the other.
PAIRS = (("postgres_password", "database_url"), ("redis_auth", "redis_url"))


def write(folder: Path, held: dict[str, str]) -> list[str]:
    """Write what is missing; its names. Raises `SystemExit` when half of a pair is missing."""
    for pair in PAIRS:
        there = [name for name in pair if (folder / name).exists()]
        if len(there) == 1:
            raise SystemExit(f"{folder} has {there[0]} but not its pair {set(pair) - set(there)}.")
    # The folder keeps others out. The files are readable, because containers mount them as they
    # are and read them as users of their own.
    folder.mkdir(mode=0o700, exist_ok=True)
    made = [name for name in held if not (folder / name).exists()]
    for name in made:
        (folder / name).write_text(held[name] + "\n")
        (folder / name).chmod(0o444)
    return made


def _keys() -> ModuleType:
    """How a key is written, from the file itself: Haulage need not be installed here."""
    path = HERE.parent / "haulage" / "accounts" / "secret.py"
    spec = importlib.util.spec_from_file_location("secret", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Make them and say which."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=HERE / "secrets")
    folder = parser.parse_args().folder
    make_key = _keys().make_key
    held = documents(lambda: secrets.token_urlsafe(32), lambda: make_key(secrets.token_bytes))
    made = write(folder, held)
    print(f"{folder}: made {', '.join(made) or 'nothing: all are there'}.")


if __name__ == "__main__":
    main()
