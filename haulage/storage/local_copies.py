"""Files of a bucket as paths, for as long as somebody reads them.

Each owner has a folder of its own, whose lock dies with the process: what a kill leaves behind is
removed by the next process that needs a folder here.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOCK = "lock"


class LocalCopies:
    """A folder made when it is first asked for, removed by `close`. Beneath `parent`, or beneath
    the system's folder for temporary files."""

    def __init__(self, parent: Path | None = None) -> None:
        self._parent = (parent or Path(tempfile.gettempdir())) / f"haulage-{os.getuid()}"
        self._folder: Path | None = None
        self._lock: int | None = None

    def folder(self) -> Path:
        """The folder; raises `OSError` where none can be made."""
        if self._folder is None:
            self._parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._parent.lstat().st_uid != os.getuid():
                raise PermissionError(f"{self._parent} belongs to somebody else.")
            with _turn(self._parent):
                _sweep(self._parent)
                folder = Path(tempfile.mkdtemp(dir=self._parent))
                self._lock = _locked(folder / LOCK)
            self._folder = folder
        return self._folder

    def close(self) -> None:
        """Remove the folder and what is in it."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
        self._release()

    def _release(self) -> None:
        """As the process's end does."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _sweep(parent: Path) -> None:
    for folder in parent.iterdir():
        if not folder.is_dir():
            continue
        lock = _locked(folder / LOCK)
        if lock is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


@contextmanager
def _turn(parent: Path) -> Iterator[None]:
    """Nobody sweeps between another's folder and its lock."""
    descriptor = os.open(parent / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _locked(path: Path) -> int | None:
    """A lock on `path` that its process holds until it ends; None when another one has it."""
    with suppress(FileNotFoundError):
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        return descriptor
    return None
