"""Where the API is looked for."""

from pathlib import Path

import pytest

from haulage.client import BadAddress, default_data_folder, find_address


def test_what_is_said_comes_first(tmp_path: Path):
    environ = {"HAULAGE_URL": "http://b", "HAULAGE_DATA": str(tmp_path)}
    assert find_address("http://a/", environ).url == "http://a"


def test_the_environment_comes_before_a_running_installation(tmp_path: Path):
    (tmp_path / "ready.json").write_text('{"url": "http://c"}')
    environ = {"HAULAGE_URL": "http://b", "HAULAGE_DATA": str(tmp_path)}
    assert find_address(environ=environ).url == "http://b"
    del environ["HAULAGE_URL"]
    assert find_address(environ=environ).url == "http://c"


def test_the_key_of_a_running_installation_goes_to_that_one_alone(tmp_path: Path):
    (tmp_path / "ready.json").write_text('{"url": "http://c", "key": "hlg_x"}')
    environ = {"HAULAGE_DATA": str(tmp_path)}
    assert find_address(environ=environ).key == "hlg_x"
    assert find_address("http://a", environ).key is None
    assert find_address(environ={**environ, "HAULAGE_URL": "http://b"}).key is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"url": 3}', "{}"])
def test_an_unreadable_ready_file_says_nothing(tmp_path: Path, content: str):
    (tmp_path / "ready.json").write_text(content)
    found = find_address(environ={"HAULAGE_DATA": str(tmp_path)})
    assert found.url == "http://127.0.0.1:8700"
    assert str(tmp_path) in found.source


@pytest.mark.parametrize("url", ["127.0.0.1:8700", "ftp://a", "http://", "haulage"])
def test_a_base_url_that_is_none_is_refused(url: str):
    with pytest.raises(BadAddress, match="HAULAGE_URL"):
        find_address(environ={"HAULAGE_URL": url})


def test_the_data_folder_follows_xdg(tmp_path: Path):
    assert default_data_folder({"XDG_DATA_HOME": str(tmp_path)}) == tmp_path / "haulage"
