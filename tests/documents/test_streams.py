"""PDFs whose streams unpack to more than anybody can hold."""

import zlib
from pathlib import Path

import pytest

from haulage.documents import streams
from haulage.documents.errors import ArchiveBomb
from haulage.documents.streams import MOST_BYTES, check_streams


def pdf(path: Path, *objects: tuple[bytes, bytes]) -> Path:
    """A file with streams of these dictionaries and contents; nothing else of a PDF matters."""
    parts = [
        b"%d 0 obj << %s /Length %d >>\nstream\n%s\nendstream endobj\n"
        % (number, said, len(content), content)
        for number, (said, content) in enumerate(objects, start=1)
    ]
    path.write_bytes(b"%PDF-1.7\n" + b"".join(parts))
    return path


@pytest.fixture(scope="module")
def swollen() -> bytes:
    packer = zlib.compressobj(1)
    piece = bytes(1 << 20)
    pieces = [packer.compress(piece) for _ in range((MOST_BYTES >> 20) + 1)]
    return b"".join([*pieces, packer.flush()])


FLATE = b"/Filter /FlateDecode"


@pytest.mark.parametrize("filters", [FLATE, b"/Filter [ /FlateDecode ]"])
def test_a_stream_that_swells_is_found_behind_others(
    tmp_path: Path, swollen: bytes, filters: bytes
) -> None:
    path = pdf(tmp_path / "a", (FLATE, zlib.compress(b"short")), (filters, swollen))
    with pytest.raises(ArchiveBomb, match="more than 200 MB"):
        check_streams(path)


@pytest.mark.parametrize(
    "said",
    [b"/Subtype /Image " + FLATE, b"/Type /EmbeddedFile " + FLATE, b"/Filter /DCTDecode"],
    ids=["a picture", "an attachment", "packed otherwise"],
)
def test_what_is_never_unpacked_whole_by_a_reader_is_passed_over(
    tmp_path: Path, swollen: bytes, said: bytes
) -> None:
    check_streams(pdf(tmp_path / "a", (said, swollen)))


def test_a_stream_that_stops_short_of_the_bound_is_taken(
    tmp_path: Path, swollen: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MOST_BYTES", MOST_BYTES + (2 << 20))
    check_streams(pdf(tmp_path / "a", (FLATE, swollen)))


@pytest.mark.parametrize("cut", [0.5, 0.98])
def test_a_cut_or_damaged_stream_is_for_the_reader_to_judge(
    tmp_path: Path, swollen: bytes, cut: float
) -> None:
    damaged = b"\xff" * 300_000
    path = pdf(tmp_path / "a", (FLATE, damaged), (FLATE, swollen))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(damaged) + cut * 0.9 * len(swollen))])
    check_streams(path)
