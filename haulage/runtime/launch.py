"""Start one program so that it cannot outlive its parent; run as a script, it becomes the program.

What it does between fork and exec, in an order that matters: give up root (`Identity`), then ask
the kernel for a signal when the parent dies (a change of uid would clear that wish), then look
whether the parent died already (its death before the wish would go unnoticed), then exec.

It is run by its path with `-I -S` and imports only the standard library: a start costs some 15 ms.
The death signal exists on Linux alone; elsewhere a killed supervisor leaves its children running.
"""

import ctypes
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass

CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2

GIVING_UP_ROOT = "haulage: cannot give up root"
# The exit code of one whose parent was gone before it began.
ORPHANED = 125

_PR_SET_PDEATHSIG = 1
_PR_SET_SECUREBITS = 28
_PR_SET_CHILD_SUBREAPER = 36
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_SECBIT_NO_SETUID_FIXUP = 1 << 2
_CAPABILITY_VERSION_3 = 0x20080522
_CLONE_NEWUSER = 0x10000000


@dataclass(frozen=True)
class Identity:
    """Whom a root process becomes: a uid and a gid, and how.

    `capability` (a number, or None) is kept as an ambient capability, so that the program still
    reaches files below folders that only root may enter. `namespace=True` becomes the uid inside a
    user namespace only: for the file system it stays who it was.
    """

    uid: int
    gid: int
    capability: int | None = None
    namespace: bool = False


def launch_command(
    argv: Sequence[str], *, parent: int, death_signal: int, identity: Identity | None = None
) -> list[str]:
    """The command line that starts `argv` as a child of `parent`, bound to its life."""
    become = "-"
    if identity is not None:
        kept = -1 if identity.capability is None else identity.capability
        become = f"{identity.uid}:{identity.gid}:{kept}:{int(identity.namespace)}"
    head = [sys.executable, "-I", "-S", __file__, str(parent), str(death_signal), become]
    return [*head, *argv]


def bind_to_parent(parent: int, death_signal: int) -> bool:
    """Have this process get the signal when `parent` dies; False when it is dead already."""
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, death_signal)
    return os.getppid() == parent


def adopt_orphans(adopt: bool) -> None:
    """Whether processes below this one fall to it when their parents end (Linux)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, int(adopt))


def main(arguments: Sequence[str]) -> int:
    """`PARENT SIGNAL IDENTITY PROGRAM …`: returns only when the program cannot be started."""
    parent, death_signal, become, *argv = arguments
    try:
        if become != "-":
            uid, gid, kept, namespace = (int(part) for part in become.split(":"))
            if namespace:
                _enter_user_namespace(uid, gid)
            else:
                _drop_root(uid, gid, None if kept < 0 else kept)
    except OSError as error:
        sys.stderr.write(f"{GIVING_UP_ROOT}: {error.strerror}\n")
        return 126
    if not bind_to_parent(int(parent), int(death_signal)):
        return ORPHANED
    try:
        os.execvp(argv[0], argv)  # noqa: S606  no shell wanted
    except OSError as error:
        sys.stderr.write(f"haulage: cannot start {argv[0]}: {error.strerror}\n")
        return 127


def _drop_root(uid: int, gid: int, capability: int | None) -> None:
    if capability is not None:
        # Without this bit the kernel clears our capabilities with the uid, and access(2), which
        # PostgreSQL asks about its own files, ignores those that a non-root user has.
        _prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if capability is not None:
        _keep_only(capability)
        _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability)


def _keep_only(capability: int) -> None:
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    mask = 1 << capability
    # Twice (effective, permitted, inheritable): capabilities 0-31, then 32-63.
    data = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
    _check(ctypes.CDLL(None, use_errno=True).capset(header, data))


def _enter_user_namespace(uid: int, gid: int) -> None:
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    _check(ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWUSER))
    for name, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {outer_uid} 1"),
        ("gid_map", f"{gid} {outer_gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(line)


def _prctl(option: int, *values: int) -> None:
    padded = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    _check(ctypes.CDLL(None, use_errno=True).prctl(option, *padded))


def _check(result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
