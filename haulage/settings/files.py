"""Settings of what is looked at in files on their arrival."""

from pydantic import BaseModel, Field


class FilesSettings(BaseModel):
    """A file past these is kept, with the reason why jobs can't open it."""

    max_pages: int = Field(default=5_000, ge=1)
    max_pixels: int = Field(default=150_000_000, ge=1)
    inspection_s: float = Field(default=10.0, gt=0)
