"""Files up and down."""

import io
import os
from pathlib import Path

import pytest

from haulage.client import ApiError, AsyncClient, Client
from tests.client.contract import Contract
from tests.client.trouble import Refuse

PDF = b"%PDF" + bytes(300_000)


def test_a_file_is_uploaded_whole_under_its_name(api: Contract, client: Client, tmp_path: Path):
    path = tmp_path / "novel.pdf"
    path.write_bytes(PDF)
    file = client.upload(path)
    assert (file.name, file.size, file.media_type) == ("novel.pdf", 300_004, "application/pdf")
    assert api.files[str(file.id)] == PDF


@pytest.mark.parametrize("source", [PDF, io.BytesIO(b"skipped" + PDF)], ids=["bytes", "open file"])
def test_what_is_no_path_is_sent_again_from_where_it_began(
    api: Contract, client: Client, source: bytes | io.BytesIO
):
    if isinstance(source, io.BytesIO):
        source.seek(len("skipped"))
    api.drop_answers = 1
    file = client.upload(source, name="novel.pdf")
    assert file.name == "novel.pdf"
    assert list(api.files.values()) == [PDF, PDF]


def test_a_pipe_is_sent_once(api: Contract, client: Client):
    reading, writing = os.pipe()
    os.write(writing, b"text")
    os.close(writing)
    api.refuse_next = [Refuse(503)]
    with os.fdopen(reading, "rb") as pipe, pytest.raises(ApiError):
        client.upload(pipe, name="a.txt")
    assert len(api.seen) == 1


def test_a_download_is_written_whole_though_it_broke(api: Contract, client: Client, tmp_path: Path):
    file = client.upload(PDF, name="novel.pdf")
    api.drop_answers = 1
    assert client.download(file.id, tmp_path / "copy.pdf").read_bytes() == PDF
    assert [path.name for path in tmp_path.iterdir()] == ["copy.pdf"]


def test_a_download_that_fails_leaves_what_was_there(client: Client, tmp_path: Path):
    (tmp_path / "copy.pdf").write_text("old")
    with pytest.raises(ApiError) as caught:
        client.download("0198c5f0-0000-7000-8000-000000000000", tmp_path / "copy.pdf")
    assert caught.value.status == 404
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


async def test_the_awaited_face_sends_and_fetches_files(async_client: AsyncClient, tmp_path: Path):
    file = await async_client.upload(PDF)
    assert (await async_client.download(file.id, tmp_path / "a")).read_bytes() == PDF
