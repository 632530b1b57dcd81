"""How much memory a cpu process may have where nobody says."""

from pathlib import Path

import pytest

from haulage.engine.memory import total_memory_mb, with_memory_limits
from haulage.settings import EngineSettings


@pytest.mark.parametrize(
    ("said", "total_mb", "processes", "limits"),
    [
        ({}, 16_000, 2, (4_800, 4_320)),
        ({}, 16_000, 4, (2_400, 2_160)),
        ({}, 2_000, 2, (1_024, 921)),
        ({"child_limit_mb": 900}, 16_000, 2, (900, 810)),
        ({"child_limit_mb": 900, "child_recycle_mb": 400}, 16_000, 2, (900, 400)),
        ({"child_recycle_mb": 0}, 16_000, 2, (4_800, None)),
        ({"child_limit_mb": 0}, 16_000, 2, (None, None)),
    ],
)
def test_processes_share_the_memory_unless_somebody_says_how_much(
    said: dict[str, int], total_mb: int, processes: int, limits: tuple[int | None, int | None]
) -> None:
    settings = with_memory_limits(EngineSettings(**said), processes=processes, total_mb=total_mb)
    assert (settings.child_limit_mb, settings.child_recycle_mb) == limits


def test_processes_together_leave_the_machine_some_of_its_memory() -> None:
    for processes in (1, 2, 3, 8):
        settings = with_memory_limits(EngineSettings(), processes=processes, total_mb=32_000)
        assert processes * (settings.child_limit_mb or 0) <= 0.6 * 32_000


@pytest.mark.parametrize(
    ("groups", "files"),
    [
        ("0::/\n", {"sys/fs/cgroup/memory.max": "536870912\n"}),
        (
            "0::/system.slice/haulage.service\n",
            {
                "sys/fs/cgroup/system.slice/haulage.service/memory.max": "max\n",
                "sys/fs/cgroup/system.slice/memory.max": "536870912\n",
            },
        ),
        # In a container the group's path is often the host's, which is not there.
        (
            "5:cpu,cpuacct:/docker/1\n4:memory:/docker/1\n",
            {
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "536870912\n",
                "sys/fs/cgroup/cpu/memory.limit_in_bytes": "1048576\n",
            },
        ),
    ],
    ids=["container", "service", "first version"],
)
def test_the_limit_of_a_container_or_a_service_is_all_there_is(
    tmp_path: Path, groups: str, files: dict[str, str]
) -> None:
    for name, text in {"proc/self/cgroup": groups, **files}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert total_memory_mb(tmp_path) == 512


@pytest.mark.parametrize("said", ["max", "9223372036854771712"])
def test_a_group_without_a_limit_has_the_machines_memory(tmp_path: Path, said: str) -> None:
    machine_mb = total_memory_mb(tmp_path)
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/cgroup").write_text("0::/\n")
    (tmp_path / "sys/fs/cgroup").mkdir(parents=True)
    (tmp_path / "sys/fs/cgroup/memory.max").write_text(said)
    assert total_memory_mb(tmp_path) == machine_mb > 512
