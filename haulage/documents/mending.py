"""PDFs that are cut off: what is left of them.

A PDF's table and the root of its pages stand at its end, and PDFium opens none without. Where whole
pages are left, a new root that names them is written behind. Objects that are packed into streams
(PDF 1.5) are found by the table alone, so they are unpacked and written behind as well.

Promises: the pages come in the order they stand in; how many are lost cannot be told. A page of
which something is lost, a font for one, without which letters would be guessed, is empty. Streams
that are packed in another way than Flate's, or encrypted, are passed over.
"""

import re
import zlib
from array import array
from collections.abc import Iterator

# The file is held twice in memory.
MOST_BYTES = 100 * 1024 * 1024
# What streams of objects may unpack to: dictionaries are short, and a bomb is none.
MOST_UNPACKED_BYTES = 64 * 1024 * 1024
MOST_UNPACKED_OBJECTS = 1_000_000
# One pass over both: a pattern that looks for each object's end would take for ever on a file
# without any.
_EDGE = re.compile(rb"(?:^|[\r\n])(\d{1,9}) (\d{1,5}) obj\b|endobj")
# A page's own object is its dictionary, which is short.
_HEAD_BYTES = 50_000
_PAGE = re.compile(rb"/Type\s*/Page(?![A-Za-z])")
_CONTENTS = re.compile(rb"/Contents\s*\[?\s*\d{1,9} ")
_NAMED = re.compile(rb"(\d{1,9}) \d{1,5} R\b")
# What a page names and can be drawn without: what it is a part of, and what lies over it.
_NEEDLESS = re.compile(
    rb"/(?:Parent|Annots|Thumb|B|Metadata|StructParents?|PieceInfo)\s*(?:\[[^\]]*\]|\d+ \d+ R)"
)
# The shapes of letters; which letters they are the font says by one of these, or they do.
_SHAPES = re.compile(rb"/FontFile[23]?\s+(\d{1,9}) \d{1,5} R\b")
_FONT = re.compile(rb"/Type\s*/Font\b")
_LETTERS = re.compile(rb"/(?:ToUnicode|Encoding)\b")
_MOST_NEEDED = 2_000
_PACKED = re.compile(rb"/Type\s*/ObjStm\b")
_PACKING = re.compile(rb"/Filter\s*(?:\[\s*([^\]]*?)\s*\]|(/\w+))")
_COUNT = re.compile(rb"/N\s+(\d{1,7})\b(?!\s+\d+\s+R)")
_FIRST = re.compile(rb"/First\s+(\d{1,8})\b(?!\s+\d+\s+R)")
_STREAM = re.compile(rb"stream\r?\n")


def mended(content: bytes) -> bytes | None:
    """The PDF with an end that names its pages; None where none of them is whole."""
    if len(content) > MOST_BYTES:
        return None
    left = _Left()
    begun = None
    for edge in _EDGE.finditer(content):
        if edge[1] is not None:
            begun = edge
            left.last = max(left.last, int(edge[1]))
        elif begun is not None:
            left.take(begun, content, edge.start(), is_cut=False)
            begun = None
    if begun is not None:
        left.take(begun, content, len(content), is_cut=True)
    return left.closed(content)


class _Left:
    """What is found, in the order of the file: a number that comes again stands for the later."""

    def __init__(self) -> None:
        self.last = 0
        # Of each whole object the numbers that it names; of a font's description its shapes apart.
        self._needs: dict[int, array[int]] = {}
        self._shapes: dict[int, int] = {}
        self._told_by_shapes: set[int] = set()
        self._pages: dict[int, bytes] = {}
        self._unpacked: dict[int, bytes] = {}
        self._bytes_left, self._objects_left = MOST_UNPACKED_BYTES, MOST_UNPACKED_OBJECTS

    def take(self, begun: "re.Match[bytes]", content: bytes, end: int, *, is_cut: bool) -> None:
        """The object from `begun` to `end`, which is the file's where that `is_cut`."""
        number, start = int(begun[1]), begun.end()
        head = content[start : min(end, start + _HEAD_BYTES)].split(b"stream", 1)[0]
        if _PACKED.search(head):
            for packed, body in self._unpack(head, content[start + len(head) : end]):
                self._unpacked[packed] = body
                self._note(packed, 0, body)
        elif not is_cut:
            self._unpacked.pop(number, None)
            self._note(number, int(begun[2]), head)

    def closed(self, content: bytes) -> bytes | None:
        """The file with an end; None where no page is whole."""
        whole = {number for number in self._pages if self._is_whole(number)}
        if not whole:
            return None
        root = max(self.last, *self._needs) + 1
        empty = b"%d 0 R" % (root + 2)
        return b"".join(
            [
                content,
                # Whatever the cut has left open.
                b"\nendstream\nendobj\n",
                *(b"%d 0 obj\n%b\nendobj\n" % packed for packed in self._unpacked.items()),
                b"%d 0 obj\n<</Type/Pages/Kids[" % root,
                b" ".join(name if one in whole else empty for one, name in self._pages.items()),
                b"]/Count %d>>\nendobj\n" % len(self._pages),
                b"%d 0 obj\n<</Type/Catalog/Pages %d 0 R>>\nendobj\n" % (root + 1, root),
                b"%d 0 obj\n<</Type/Page/Parent %d 0 R" % (root + 2, root),
                b"/MediaBox[0 0 595 842]>>\nendobj\n",
                b"trailer\n<</Root %d 0 R/Size %d>>\nstartxref\n0\n%%%%EOF\n"
                % (root + 1, root + 3),
            ]
        )

    def _note(self, number: int, generation: int, body: bytes) -> None:
        needed = _NEEDLESS.sub(b"", body[:_HEAD_BYTES])
        if shapes := _SHAPES.search(needed):
            self._shapes[number] = int(shapes[1])
            needed = _SHAPES.sub(b"", needed)
        elif _FONT.search(needed) and not _LETTERS.search(needed):
            self._told_by_shapes.add(number)
        self._needs[number] = array("L", map(int, _NAMED.findall(needed)))
        if _PAGE.search(body) and _CONTENTS.search(body):
            self._pages[number] = b"%d %d R" % (number, generation)
        else:
            self._pages.pop(number, None)

    def _is_whole(self, page: int) -> bool:
        """Whether everything is there that it is drawn with."""
        seen, left = {page}, [page]
        while left and len(seen) < _MOST_NEEDED:
            number = left.pop()
            if (named := self._needs.get(number)) is None:
                return False
            needs = set(named)
            if number in self._told_by_shapes:
                needs.update(self._shapes[one] for one in named if one in self._shapes)
            left += needs - seen
            seen.update(needs)
        return True

    def _unpack(self, head: bytes, rest: bytes) -> Iterator[tuple[int, bytes]]:
        """The whole objects of a stream of them, with their numbers; those before a cut."""
        count, first, stream = _COUNT.search(head), _FIRST.search(head), _STREAM.match(rest)
        if count is None or first is None or stream is None:
            return
        said = self._inflated(head, rest[stream.end() :])
        if said is None:
            return
        packed, is_whole = said
        self._bytes_left -= len(packed)
        begin = int(first[1])
        places = _numbers(packed[:begin], most=min(int(count[1]), self._objects_left))
        self._objects_left -= len(places)
        # Where the last one ends nobody says but the stream's own end.
        last = len(packed) - begin if is_whole else -1
        ends = [*(place for _, place in places[1:]), last]
        for (number, place), end in zip(places, ends, strict=False):
            if place <= end <= len(packed) - begin:
                yield number, packed[begin + place : begin + end]

    def _inflated(self, head: bytes, stream: bytes) -> tuple[bytes, bool] | None:
        """What is packed, as far as it goes, and whether that is all of it."""
        packing = _PACKING.search(head)
        if packing is None:
            end = stream.rfind(b"endstream")
            return (stream[:end], True) if end >= 0 else (stream, False)
        if (packing[1] or packing[2]) != b"/FlateDecode" or b"/DecodeParms" in head:
            return None
        inflater = zlib.decompressobj()
        try:
            packed = inflater.decompress(stream, max(self._bytes_left, 1))
        except zlib.error:
            return None
        return packed, inflater.eof


def _numbers(header: bytes, *, most: int) -> list[tuple[int, int]]:
    """Each packed object's number and place; none where the header is no list of numbers."""
    try:
        said = [int(word) for word in header.split(maxsplit=2 * most)[: 2 * most]]
    except ValueError:
        return []
    return [
        (number, place)
        for number, place in zip(said[::2], said[1::2], strict=False)
        if 0 <= number < 10**9
    ]
