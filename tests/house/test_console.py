"""The console's rooms: what they promise each other, so that a page can be read by itself."""

import re
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2] / "console" / "src"
# Each may import from those before it.
ROOMS = ("api", "hooks", "parts", "results", "pages", "app")
_IMPORT = re.compile(r"""(?:from|import)\s*\(?\s*["']([@.][^"']*)["']""")


def imports() -> list[tuple[Path, Path]]:
    """Each file and what it imports of ours, both as paths below the sources."""
    found = []
    for path in SOURCES.rglob("*.ts*"):
        for name in _IMPORT.findall(path.read_text()):
            target = SOURCES / name[2:] if name.startswith("@/") else path.parent / name
            its = target.resolve()
            if its.is_relative_to(SOURCES):
                found.append((path.relative_to(SOURCES), its.relative_to(SOURCES)))
    return found


def test_imports_go_to_lower_rooms() -> None:
    climbing = [
        f"{importer} imports {imported}"
        for importer, imported in imports()
        if importer.parts[0] in ROOMS
        and imported.parts[0] in ROOMS
        and ROOMS.index(imported.parts[0]) > ROOMS.index(importer.parts[0])
    ]
    assert imports()
    assert not climbing


def test_no_page_imports_a_sibling() -> None:
    pages = [(a, b) for a, b in imports() if a.parts[0] == b.parts[0] == "pages"]
    assert not [f"{a} imports {b}" for a, b in pages if a.parts[1] != b.parts[1]]


def test_no_string_becomes_html() -> None:
    # Texts of jobs, models and scraped pages are shown: React writes them as text.
    makes_html = re.compile(
        r"dangerouslySetInnerHTML|(?:inner|outer)HTML|insertAdjacentHTML|document\.write"
        r"|\beval\(|new Function\("
    )
    shown = [path for path in SOURCES.rglob("*.ts*") if ".test." not in path.name]
    assert shown
    assert not [str(path) for path in shown if makes_html.search(path.read_text())]
