"""Whom a server becomes that refuses to run as root.

It becomes an unprivileged user. Where that user cannot enter the folders of the program or of its
data (a home of root is closed to all others), it keeps the one capability that lets it pass. Where
root may not change its user (a hardened container), a user namespace does, if the kernel gives one:
it wants CAP_SETFCAP for mapping root. With neither, PostgreSQL cannot be started and we say so.
"""

import os
import pwd
import subprocess
from collections.abc import Sequence
from pathlib import Path

from haulage.runtime.launch import (
    CAP_DAC_OVERRIDE,
    CAP_DAC_READ_SEARCH,
    Identity,
    launch_command,
)

_NOBODY = 65_534


def identities(data: Path, program: Path) -> list[Identity | None]:
    """Who may run `program` on `data`, best first; None is ourselves, unless we are root.

    Data that exists belongs to somebody already: only its owner comes into question.
    """
    inside_namespace = Identity(*_nobody(), namespace=True)
    if os.geteuid() != 0:
        # initdb insists on a user with a name; a container may run us as any number.
        return [None] if _has_name(os.geteuid()) else [inside_namespace, None]
    if data.exists():
        owner = data.stat()
        if owner.st_uid == 0:
            return [inside_namespace]
        uid, gid, others = owner.st_uid, owner.st_gid, []
    else:
        (uid, gid), others = _nobody(), [inside_namespace]
    if _open_to_all(program) and _open_to_all(data.parent):
        return [Identity(uid, gid), *others]
    kept = (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE)  # the lesser one first
    return [*(Identity(uid, gid, capability=capability) for capability in kept), *others]


def run_as(
    identity: Identity | None, argv: Sequence[str], *, timeout_s: float = 10
) -> subprocess.CompletedProcess[str]:
    """Run a short command as that identity; its output as text, its exit code unchecked."""
    return subprocess.run(  # noqa: S603  our own programs
        launch_command(argv, parent=os.getpid(), death_signal=9, identity=identity),
        capture_output=True,
        check=False,
        cwd="/",
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=timeout_s,
    )


def give(path: Path, identity: Identity | None) -> None:
    """Make `path` the identity's own. OSError when we may not."""
    if identity is not None and not identity.namespace:
        os.chown(path, identity.uid, identity.gid)


def _nobody() -> tuple[int, int]:
    try:
        user = pwd.getpwnam("nobody")
    except KeyError:
        return _NOBODY, _NOBODY
    return user.pw_uid, user.pw_gid


def _has_name(uid: int) -> bool:
    try:
        return bool(pwd.getpwuid(uid))
    except KeyError:
        return False


def _open_to_all(path: Path) -> bool:
    resolved = path.resolve()
    return all(step.stat().st_mode & 0o001 for step in (resolved, *resolved.parents))
