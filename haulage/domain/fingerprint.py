"""Which failures are the same failure: by job type, error code and the message's fixed words.

What differs from one job to the next in a message (numbers, ids, quoted parts, paths, addresses) is
left out, so that a thousand jobs that failed of one cause make one group. A fingerprint is computed
once, when the job fails. It is opaque to everybody else: only its equality means something.
"""

import hashlib
import re

# What is left out, in this order: what holds numbers goes before the numbers. Every pattern is
# linear in the text, because messages come from anywhere.
_CHANGING = (
    (re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s'\"<>)\]]+", re.IGNORECASE), "URL"),
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE), "ID"),
    # An apostrophe inside a word opens no quotation.
    (re.compile(r"(?<!\w)'[^'\n]*'(?!\w)|\"[^\"\n]*\"|`[^`\n]*`|“[^”\n]*”|«[^»\n]*»"), "TEXT"),
    (re.compile(r"(?<![\w.])(?:[A-Za-z]:)?[\\/][\w.@+~\\/-]+"), "PATH"),
    (re.compile(r"\b0x[0-9a-f]+\b|\b(?=[a-f]*[0-9])[0-9a-f]{8,}\b", re.IGNORECASE), "ID"),
    (re.compile(r"\d+(?:[.,:]\d+)*"), "#"),
    # A list of numbers is one whatever its length.
    (re.compile(r"#(?:[\s,;]+#)+"), "#"),
    (re.compile(r"\s+"), " "),
)
# A message's beginning says what it is; documents' text tends to stand behind.
_MAX_CHARS = 1_000


def fingerprint(type_name: str, code: str, message: str) -> str:
    """The mark that failures of one cause share."""
    return f"{type_name}:{digest_of(code, message)}"


def digest_of(code: str, message: str) -> str:
    """The fingerprint's second half, for where the job type is known to the database alone."""
    said = f"{code}\n{fixed_words(message)}"
    # Half of a surrogate pair has no UTF-8; its escape will do.
    return hashlib.blake2s(said.encode(errors="backslashreplace"), digest_size=8).hexdigest()


def fixed_words(message: str) -> str:
    """`message` without what changes from one failure to the next."""
    words = message[:_MAX_CHARS]
    for pattern, mark in _CHANGING:
        words = pattern.sub(mark, words)
    return words.strip()
