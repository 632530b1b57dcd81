"""What can be wrong with a document. Each error ends the job: trying again cannot help.

NotRetryable
└── DocumentFault
    ├── NotAPdf         the bytes are something else, or nothing at all
    ├── DamagedPdf      it begins like a PDF, but cannot be read
    ├── EncryptedPdf    it wants a password
    ├── TooManyPages
    └── NoText          nothing in it can be read as text
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


class NoText(DocumentFault):
    """Nothing in the document can be read as text."""

    code = "no_text"
