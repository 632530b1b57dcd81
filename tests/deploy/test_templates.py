"""The edge's templates, filled in."""

from pathlib import Path

import pytest

from deploy.nginx.edge import TEMPLATES, Edge, filled


def test_a_word_that_nobody_gives_is_an_error(tmp_path: Path):
    with pytest.raises(KeyError, match="EDGE_NEW"):
        filled("listen ${EDGE_NEW}; set $host;", {})


def test_every_template_is_written_with_its_words_filled_in(tmp_path: Path):
    edge = Edge(run=tmp_path, listen="1", api=["2", "3", "4"])
    edge.write()

    written = {path.name for path in tmp_path.iterdir()}
    assert written == {path.stem for path in TEMPLATES.glob("*.template")}
    assert not [path.name for path in tmp_path.iterdir() if "${" in path.read_text()]
