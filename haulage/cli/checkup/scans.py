"""What reads scans on this machine, and how to read them better."""

from collections.abc import Iterator

from haulage.cli.checkup.findings import Finding, Level, Surroundings
from haulage.documents.rapid import has_rapidocr
from haulage.documents.tesseract import tesseract_data, tesseract_languages

EXTRA = "pip install 'haulage[ocr]'"
DATA = "apt-get install tesseract-ocr-eng tesseract-ocr-fra tesseract-ocr-ita"


def ocr_check(around: Surroundings) -> Iterator[Finding]:
    """Tesseract and its languages, RapidOCR, or nothing."""
    if not around.has_server:
        return
    languages, rapid = tesseract_languages(), has_rapidocr()
    names = ", ".join(languages)
    if languages and rapid:
        yield Finding(Level.OK, "OCR", f"Tesseract ({names}), RapidOCR for what that cannot read")
    elif languages:
        why = f"Tesseract ({names}); what it cannot read nothing else tries"
        yield Finding(Level.OK, "OCR", why, EXTRA)
    elif rapid:
        why = "RapidOCR alone: about five times slower a page than Tesseract, and 0.9 GB a process"
        yield Finding(Level.OK, "OCR", why, DATA)
    else:
        had = " (language data is here, its engine is not)" if tesseract_data() else ""
        why = f"none{had}: scanned pages will be skipped"
        yield Finding(Level.WARN, "OCR", why, EXTRA)
