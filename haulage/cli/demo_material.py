"""What the demo works on: the example novel as PDF, a text, and a small site served on loopback."""

import importlib.util
import io
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import haulage
from haulage.domain.errors import HaulageError


class ExamplesMissing(HaulageError):
    """The examples are neither in the package nor beside it."""

    code = "examples_missing"
    hint = "Reinstall Haulage, or run the demo from a checkout."


def examples_folder() -> Path:
    """`haulage/_examples` of an installed wheel, or `examples` of a checkout."""
    package = Path(haulage.__file__).parent
    for folder in (package / "_examples", package.parent / "examples"):
        if (folder / "make_novel.py").is_file():
            return folder
    raise ExamplesMissing(f"There are no examples in {package / '_examples'}.")


def make_novel(examples: Path, pages: int) -> bytes:
    """The example novel as PDF; raises `ModuleNotFoundError` without the `demo` extra."""
    pdf = _script(examples / "make_novel.py").make_novel(pages)
    assert isinstance(pdf, bytes)
    return pdf


def make_scan(examples: Path, dpi: int) -> bytes:
    """The front page of the example newspaper as a worn scan, a JPEG; raises as `make_novel`."""
    script = _script(examples / "make_newspaper.py")
    stream = io.BytesIO()
    (page,) = script.scanned_pages(script.Wear(dpi=dpi, noise=10, skew=0.4), [1])
    page.save(stream, "JPEG", quality=85, dpi=(dpi, dpi))
    return stream.getvalue()


def essay(examples: Path) -> str:
    """A text of several pages."""
    return (examples / "clocks.txt").read_text("utf-8")


def local_report(examples: Path) -> str:
    """A short piece of news with people in it."""
    return (examples / "harbour.txt").read_text("utf-8")


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve `folder` on a free port of loopback while the block lasts; gives the base URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="demo-site")
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Say nothing: the demo's own output is the point."""


def _script(path: Path) -> ModuleType:
    # A script beside the package, not a part of it: there is nothing to import it by.
    spec = importlib.util.spec_from_file_location(f"haulage_example_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their own module up there while it is executed.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
