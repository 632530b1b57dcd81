"""PDFs that are cut off: what is left of them.

A PDF's table and the root of its pages stand at its end, and PDFium opens none without. Where whole
pages are left, a new root that names them is written behind. Promises: the pages come in the order
they stand in; how many are lost cannot be told. What is packed into object streams is not found.
"""

import re

# The file is held twice in memory.
MOST_BYTES = 100 * 1024 * 1024
# One pass over both: a pattern that looks for each object's end would take for ever on a file
# without any.
_EDGE = re.compile(rb"(?:^|[\r\n])(\d{1,9}) (\d{1,5}) obj\b|endobj")
# A page's own object is its dictionary, which is short.
_HEAD_BYTES = 50_000
_PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z])")
_CONTENTS = re.compile(rb"/Contents\s*\[?\s*(\d{1,9}) ")


def mended(content: bytes) -> bytes | None:
    """The PDF with an end that names its pages; None where none of them is whole."""
    if len(content) > MOST_BYTES:
        return None
    whole: set[int] = set()
    pages: dict[int, tuple[bytes, int]] = {}
    last, begun = 0, None
    for edge in _EDGE.finditer(content):
        if edge[1] is not None:
            begun = edge
            last = max(last, int(edge[1]))
            continue
        if begun is None:
            continue
        number, start = int(begun[1]), begun.end()
        whole.add(number)
        head = content[start : min(edge.start(), start + _HEAD_BYTES)].split(b"stream", 1)[0]
        if _PAGE.search(head) and (drawn := _CONTENTS.search(head)):
            pages[number] = (b"%d %d R" % (number, int(begun[2])), int(drawn[1]))
        begun = None
    if not any(drawn in whole for _, drawn in pages.values()):
        return None
    root = last + 1
    return b"".join(
        [
            content,
            # Whatever the cut has left open.
            b"\nendstream\nendobj\n%d 0 obj\n<</Type/Pages/Kids[" % root,
            b" ".join(name for name, _ in pages.values()),
            b"]/Count %d>>\nendobj\n" % len(pages),
            b"%d 0 obj\n<</Type/Catalog/Pages %d 0 R>>\nendobj\n" % (root + 1, root),
            b"trailer\n<</Root %d 0 R/Size %d>>\nstartxref\n0\n%%%%EOF\n" % (root + 1, root + 2),
        ]
    )
