"""What `haulage doctor` says of OCR."""

from pathlib import Path

import pytest

import haulage.cli.checkup.scans as module
from haulage.cli.checkup.findings import Level, Surroundings
from haulage.cli.checkup.scans import ocr_check


def finding(monkeypatch, *, languages: tuple[str, ...], rapid: bool, data: Path | None = None):
    monkeypatch.setattr(module, "tesseract_languages", lambda: languages)
    monkeypatch.setattr(module, "has_rapidocr", lambda: rapid)
    monkeypatch.setattr(module, "tesseract_data", lambda: data)
    around = Surroundings(Path(), None, None, None, "blobs", is_up=False, has_server=True)
    (found,) = ocr_check(around)
    return found


@pytest.mark.parametrize(
    ("languages", "rapid", "level", "said", "mend"),
    [
        (("eng", "ita"), True, Level.OK, "Tesseract (eng, ita)", ""),
        (("ita",), False, Level.OK, "nothing else tries", "pip install 'haulage[ocr]'"),
        ((), True, Level.OK, "RapidOCR alone", "apt-get install tesseract-ocr-eng"),
        ((), False, Level.WARN, "scanned pages will be skipped", "pip install 'haulage[ocr]'"),
    ],
)
def test_the_doctor_says_what_reads_scans_and_how_to_get_better(
    monkeypatch, languages, rapid, level, said, mend
):
    found = finding(monkeypatch, languages=languages, rapid=rapid)

    assert found.level == level
    assert said in found.why
    assert found.mend.startswith(mend)


def test_data_without_its_engine_is_told(monkeypatch):
    found = finding(monkeypatch, languages=(), rapid=False, data=Path("/usr/share/tessdata"))

    assert "language data is here, its engine is not" in found.why
