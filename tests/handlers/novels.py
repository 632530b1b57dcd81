"""Small novels, and models that rewrite them as they were told, or nearly so."""

import io
import json
import re
from collections.abc import Callable
from typing import Any

from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from haulage.domain.context import Child, ChildOutcome
from haulage.domain.errors import HaulageError
from haulage.domain.ids import uuid7
from haulage.domain.language_model import ChatRequest
from haulage.handlers.read_book import BookInput, read_book
from haulage.handlers.rewrite_novel import RewriteInput, Rewritten, rewrite_novel
from haulage.handlers.rewriting_calls import PagesAnswer
from haulage.testing import FakeBlockingContext, FakeContext


def novel(pages: int, *, scans: tuple[int, ...] = ()) -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, invariant=1)
    for page in range(1, pages + 1):
        if page in scans:
            canvas.drawImage(ImageReader(Image.new("L", (20, 20))), 0, 0, 300, 500)
        else:
            canvas.drawString(72, 740, f"Chapitre {page} fini. Le vent tomba, la mer se calma, et")
            canvas.drawString(72, 720, "les barques du petit port rentrèrent avant la nuit noire.")
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def reader(ctx: FakeContext) -> Callable[[Child], ChildOutcome]:
    """Reads books as the child job would."""

    def read(child: Child) -> ChildOutcome:
        assert child.type == "read_book"
        blocking = FakeBlockingContext(_files=ctx._files)
        try:
            book = read_book(BookInput(**child.input), blocking)
        except HaulageError as error:
            return ChildOutcome(
                uuid7(), "failed", error={"code": error.code, "message": str(error)}
            )
        return ChildOutcome(uuid7(), "succeeded", book.model_dump(mode="json"))

    return read


def reading_context() -> FakeContext:
    """A context whose children read books."""
    context = FakeContext()
    context.on_child = reader(context)
    return context


async def rewrite(ctx: FakeContext, content: bytes, **more: Any) -> Rewritten:
    file = ctx.add_file(content, name="novel.pdf", media_type="application/pdf")
    return await rewrite_novel(RewriteInput(file=file.id, **more), ctx)


def asked_pages(request: ChatRequest) -> list[int]:
    return [
        int(page) for page in re.findall(r"^\[page (\d+)\]$", request.messages[1].content, re.M)
    ]


def obedient(request: ChatRequest) -> Any:
    """Two short sentences for each page; the long ones of others made short."""
    if request.output is PagesAnswer:
        pages = [
            {"page": page, "sentences": [f"Page {page} est finie.", "Le vent tomba."]}
            for page in asked_pages(request)
        ]
        return json.dumps({"pages": pages})
    lines = request.messages[1].content.splitlines()
    return json.dumps({"sentences": [["Court.", "Et bref."] for _ in lines]})


def changed(change: Callable[[list[dict[str, Any]]], object]) -> Callable[[ChatRequest], Any]:
    """The obedient model, but for what `change` does to its pages."""

    def say(request: ChatRequest) -> Any:
        answer = json.loads(obedient(request))
        if "pages" in answer:
            change(answer["pages"])
        return json.dumps(answer)

    return say
