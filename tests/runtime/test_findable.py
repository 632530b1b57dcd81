"""A misspelt handlers module is said before anything starts."""

from pathlib import Path

import pytest

from haulage.runtime.fault import StartFault
from haulage.runtime.findable import require_findable


@pytest.mark.parametrize("name", ["no_such_module", "json.no_such", "./no_such.py", "..", "a b"])
def test_what_is_not_there_is_refused_with_the_way_to_name_it(name: str) -> None:
    with pytest.raises(StartFault) as caught:
        require_findable(name)
    assert name in str(caught.value)


def test_a_module_of_the_current_folder_and_a_file_are_found_without_importing_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop_jobs.py").write_text("raise RuntimeError('imported')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    require_findable("shop_jobs")
    require_findable("./shop_jobs.py")
