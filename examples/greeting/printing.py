"""Set a text file in numbered pages; each page is a step."""

from pathlib import Path

from pydantic import BaseModel, Field

from haulage import BlockingContext, FileId, job_type


class Printing(BaseModel):
    file: FileId = Field(description="Id of an uploaded text.")
    lines: int = Field(default=20, ge=1, description="Lines on a page.")


class Printed(BaseModel):
    pages: int
    file: FileId = Field(description="The pages, a form feed between them.")


@job_type("print_file", example={"file": "01970000-0000-7000-8000-000000000000"})
def print_file(input: Printing, ctx: BlockingContext) -> Printed:
    """Set a text in pages, each with its number at the foot."""
    source = ctx.file_path(input.file)
    rows = Path(source).read_text(encoding="utf-8").splitlines()
    starts = range(0, len(rows), input.lines)
    sheets = [[number, rows[at : at + input.lines]] for number, at in enumerate(starts, 1)]
    pages = ctx.map("page", set_page, sheets)
    made = ctx.put_file(f"{source.name}.pages.txt", "text/plain", "\f".join(pages).encode())
    return Printed(pages=len(pages), file=FileId(str(made.id)))


def set_page(sheet: list) -> str:
    number, rows = sheet
    return "\n".join([*rows, f"- {number} -".center(72).rstrip()])
