"""What can be wrong with a document. Each error ends the job: trying again cannot help.

NotRetryable
└── DocumentFault
    ├── NotAPdf         the bytes are something else, or nothing at all
    ├── DamagedPdf      it begins like a PDF, but cannot be read
    ├── EncryptedPdf    it wants a password
    ├── TooManyPages
    ├── NoSuchPage      it has fewer
    ├── UnknownFormat   neither a PDF nor an image that pages come in
    ├── DamagedImage    it begins like an image, but cannot be read
    ├── ImpossiblePage  one page that nobody can print: a hair's width, a hall's floor
    ├── NoText          nothing in it can be read as text
    ├── TooManyPixels   opening it would fill the memory
    ├── DamagedArchive  it begins like an archive, but has no list
    ├── ArchiveBomb     unpacking it would fill the disk
    └── Unreadable      looking into it took too long, or too much memory
"""

from haulage.domain.errors import NotRetryable


class DocumentFault(NotRetryable):
    """The document cannot be used."""

    code = "document_fault"


class NotAPdf(DocumentFault):
    """The bytes are something else than a PDF, or there are none."""

    code = "not_a_pdf"


class DamagedPdf(DocumentFault):
    """The file begins like a PDF, but cannot be read."""

    code = "damaged_pdf"


class EncryptedPdf(DocumentFault):
    """The PDF wants a password."""

    code = "encrypted_pdf"


class TooManyPages(DocumentFault):
    """The document has more pages than the job type takes."""

    code = "too_many_pages"


class NoSuchPage(DocumentFault):
    """The document has fewer pages than the one that was asked for."""

    code = "no_such_page"


class UnknownFormat(DocumentFault):
    """Neither a PDF nor a PNG, JPEG or TIFF image."""

    code = "unknown_format"


class DamagedImage(DocumentFault):
    """The file begins like an image, but cannot be read."""

    code = "damaged_image"


class ImpossiblePage(DocumentFault):
    """A page whose measures no print has, or that would not fit into the memory."""

    code = "impossible_page"


class NoText(DocumentFault):
    """Nothing in the document can be read as text."""

    code = "no_text"


class TooManyPixels(DocumentFault):
    """The picture is so large that opening it would fill the memory."""

    code = "too_many_pixels"


class DamagedArchive(DocumentFault):
    """The file begins like an archive, but has no list of what it holds."""

    code = "damaged_archive"


class ArchiveBomb(DocumentFault):
    """Unpacking the archive would fill the disk."""

    code = "archive_bomb"


class Unreadable(DocumentFault):
    """Looking into the file took too long, or too much memory."""

    code = "unreadable"
