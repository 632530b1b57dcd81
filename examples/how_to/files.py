"""A job type that reads a file of any size and makes another."""

import gzip
import shutil
import tempfile
from pathlib import Path

from pydantic import BaseModel

from haulage import BlockingContext, FileId, job_type


class Packing(BaseModel):
    file: FileId


class Packed(BaseModel):
    file: FileId
    saved: int


@job_type("pack_file", example={"file": "01970000-0000-7000-8000-000000000000"})
def pack_file(input: Packing, ctx: BlockingContext) -> Packed:
    """Compress a file; the result names the new one."""
    file = ctx.file_path(input.file)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "packed")
        with open(file, "rb") as plain, gzip.open(path, "wb") as packed:
            shutil.copyfileobj(plain, packed)
        made = ctx.put_file(f"{file.name}.gz", "application/gzip", path)
    return Packed(file=FileId(str(made.id)), saved=file.size - made.size)
