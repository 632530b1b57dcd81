"""The files of a fake job: in memory, and on a disk for those who want a path."""

import hashlib
import shutil
import tempfile
import weakref
from pathlib import Path
from uuid import UUID

from haulage.domain.errors import NotRetryable
from haulage.domain.files import FileInfo, FileOnDisk, StoredFile, made_id


class FakeFiles:
    """Files by id; `made` are those that the handler stored."""

    def __init__(self) -> None:
        self.made: list[StoredFile] = []
        self._known: dict[UUID, StoredFile] = {}
        self._folder: Path | None = None

    def add(self, id: UUID, name: str, media_type: str, content: bytes) -> StoredFile:
        """Take a file in."""
        sha256 = hashlib.sha256(content).hexdigest()
        self._known[id] = StoredFile(id, name, media_type, len(content), sha256, content)
        return self._known[id]

    def find(self, file_id: UUID | str) -> StoredFile:
        """The file; raises `NotRetryable`."""
        try:
            return self._known[UUID(str(file_id))]
        except (KeyError, ValueError):
            raise NotRetryable(f"There is no file {file_id}.", code="file_not_found") from None

    def on_disk(self, file_id: UUID | str) -> FileOnDisk:
        """The file in a temporary folder, which goes with this object."""
        file = self.find(file_id)
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="haulage-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        path = self._folder / file.sha256
        path.write_bytes(file.content)
        return FileOnDisk(file.id, file.name, file.media_type, file.size, file.sha256, path)

    def put(self, job_id: UUID, name: str, media_type: str, content: bytes | Path) -> FileInfo:
        """Store what the handler has made; the same content and name are one file."""
        held = content if isinstance(content, bytes) else content.read_bytes()
        file_id = made_id(job_id, hashlib.sha256(held).hexdigest(), name)
        if file_id not in self._known:
            self.made.append(self.add(file_id, name, media_type, held))
        file = self._known[file_id]
        return FileInfo(file.id, file.name, file.media_type, file.size, file.sha256)
