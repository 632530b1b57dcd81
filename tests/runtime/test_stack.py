import json
import os
import signal
import stat
import urllib.request
from pathlib import Path

import psycopg

from haulage.runtime.sources import names_source

from .conftest import gone, until


def test_everything_answers_where_ready_says(run_stack, tmp_path):
    running = run_stack(tmp_path / "data")
    ready = running.ready()

    assert ready["event"] == "ready"
    assert list(ready["processes"]) == [
        *("redis", "postgres", "api", "worker-io", "worker-cpu", "dispatcher")
    ]
    assert len(ready["processes"]["worker-cpu"]) == 2, "the parent and its child"
    assert ready["url"].startswith("http://127.0.0.1:")
    with psycopg.connect(ready["database_url"]) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    with urllib.request.urlopen(f"{ready['url']}/ready") as answer:
        assert answer.read().decode() == ready["database_url"], "its programs know the database"


def test_the_poller_runs_where_there_is_something_to_pull(run_stack, tmp_path):
    environment = json.dumps({"API_BASE_URL": "http://127.0.0.1:9"})
    running = run_stack(tmp_path / "data", f"environment={environment}")
    assert "poller" in running.ready()["processes"]


def test_a_file_with_sources_is_something_to_pull(tmp_path):
    config = tmp_path / "haulage.toml"
    assert not names_source({"HAULAGE_CONFIG": str(config)})
    config.write_text("[limits.a]\nconcurrency = 1\n")
    assert not names_source({"HAULAGE_CONFIG": str(config)})
    config.write_text("[sources.a]\n")
    assert names_source({"HAULAGE_CONFIG": str(config)})


def test_ready_json_is_private_and_gone_after_the_stop(run_stack, tmp_path):
    running = run_stack(tmp_path / "data")
    ready = running.ready()
    announced = running.announced()

    assert announced == {**ready, "pid": running.popen.pid}
    assert stat.S_IMODE((tmp_path / "data" / "ready.json").stat().st_mode) == 0o600
    running.signal(signal.SIGTERM)
    assert running.exit_code() == 0
    assert running.announced() == {}


def test_a_terminated_supervisor_leaves_nothing_and_exits_0(run_stack, tmp_path):
    running = run_stack(tmp_path / "data")
    running.ready()
    started = running.descendants()
    assert len(started) >= 10

    running.signal(signal.SIGTERM)

    assert running.exit_code() == 0
    assert [pid for pid in started if not gone(pid)] == []


def test_a_data_folder_may_have_any_name(run_stack, tmp_path):
    folder = tmp_path / 'l\'été "à" 100 % $HOME' / ("deep" * 30)
    running = run_stack(folder)

    assert running.ready()["data"] == str(folder)


def test_a_stop_while_starting_exits_0_and_leaves_nothing(run_stack, tmp_path):
    running = run_stack(tmp_path / "data", stub="migration-hangs")
    log = tmp_path / "data" / "logs" / "migrate.log"
    until(lambda: log.exists() and log.read_text())
    started = running.descendants()

    running.signal(signal.SIGINT)

    assert running.exit_code() == 0
    assert [pid for pid in started if not gone(pid)] == []


def test_a_second_ctrl_c_kills_what_will_not_stop(run_stack, tmp_path):
    running = run_stack(tmp_path / "data", stub="stubborn-worker")
    running.ready()
    started = running.descendants()

    running.signal(signal.SIGINT)
    until(lambda: "Stopped(name='dispatcher'" in running.events())
    assert not all(gone(pid) for pid in started)
    running.signal(signal.SIGINT)

    until(lambda: all(gone(pid) for pid in started), within_s=5)
    assert running.exit_code() == 0


def test_a_killed_supervisor_leaves_nothing_and_the_next_one_recovers(run_stack, tmp_path):
    first = run_stack(tmp_path / "data")
    ready = first.ready()
    started = first.descendants()
    with psycopg.connect(ready["database_url"]) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")

    first.signal(signal.SIGKILL)
    first.exit_code()
    second = run_stack(tmp_path / "data")  # at once: it has to wait for the orphans itself

    with psycopg.connect(second.ready()["database_url"]) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)
    until(lambda: all(gone(pid) for pid in started), within_s=5)


def test_two_at_once_in_different_folders_share_nothing(run_stack, tmp_path):
    both = [run_stack(tmp_path / name) for name in ("one", "two")]
    one, two = (running.ready() for running in both)

    assert {one[key] for key in ("url", "database_url", "redis_url")}.isdisjoint(
        {two[key] for key in ("url", "database_url", "redis_url")}
    )
    both[0].signal(signal.SIGTERM)
    assert both[0].exit_code() == 0
    with urllib.request.urlopen(f"{two['url']}/ready") as answer:
        assert answer.status == 200


def test_a_folder_in_use_is_refused_with_the_pid_that_uses_it(run_stack, tmp_path):
    first = run_stack(tmp_path / "data")
    ready = first.ready()
    second = run_stack(tmp_path / "data")

    assert second.exit_code() == 1
    assert "is in use" in second.events()
    assert f"kill {first.popen.pid}" in second.events()
    assert first.announced()["url"] == ready["url"], "the first is left alone"


def test_what_dies_is_started_again_and_announced(run_stack, tmp_path):
    running = run_stack(tmp_path / "data")
    before = running.ready()["processes"]

    for name in ("api", "worker-cpu", "dispatcher", "redis", "postgres"):
        os.kill(before[name][0], signal.SIGKILL)

    def replaced() -> bool:
        now = running.announced()["processes"]
        return all(
            now.get(name, pids)[0] != pids[0]
            for name, pids in before.items()
            if name != "worker-io"
        )

    until(replaced)
    assert running.announced()["processes"]["worker-io"] == before["worker-io"]
    assert all(gone(pid) for pid in before["worker-cpu"]), "its children went with it"
    with psycopg.connect(running.announced()["database_url"]) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_failed_migration_is_said_in_its_own_words(run_stack, tmp_path):
    running = run_stack(tmp_path / "data", stub="migration-fails")

    assert running.exit_code() == 1
    assert "migrate died (exit code 1)" in running.events()
    assert "the migration has an opinion" in running.events()
    assert running.descendants() == []


def test_a_program_that_keeps_dying_ends_the_start_with_its_last_words(run_stack, tmp_path):
    running = run_stack(tmp_path / "data", stub="api-dies")

    assert running.exit_code() == 1
    assert "error" in running.events()
    assert "the api has an opinion" in running.events()


def test_servers_that_exist_are_used_and_left_alone(run_stack, tmp_path):
    first = run_stack(tmp_path / "first").ready()
    servers = [f"{key}={json.dumps(first[key])}" for key in ("database_url", "redis_url")]
    second = run_stack(tmp_path / "second", *servers)
    ready = second.ready()

    assert ready["database_url"] == first["database_url"]
    assert "postgres" not in ready["processes"]
    assert "redis" not in ready["processes"]
    second.signal(signal.SIGTERM)
    assert second.exit_code() == 0
    with psycopg.connect(first["database_url"]) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_port_asked_for_and_taken_is_refused(run_stack, tmp_path):
    url = run_stack(tmp_path / "first").ready()["url"]
    port = url.rpartition(":")[2]
    second = run_stack(tmp_path / "second", f"port={port}")

    assert second.exit_code() == 1
    assert f"Port {port} is taken." in second.events()
    assert not (tmp_path / "second").exists()


def test_an_address_that_others_can_reach_is_refused(run_stack, tmp_path):
    running = run_stack(tmp_path / "data", 'host="0.0.0.0"')

    assert running.exit_code() == 1
    assert "0.0.0.0 can be reached by other machines." in running.events()
    assert "--auth" in running.events()


def test_a_path_that_is_a_file_is_refused(run_stack, tmp_path):
    Path(tmp_path / "data").write_text("mine")
    running = run_stack(tmp_path / "data")

    assert running.exit_code() == 1
    assert "cannot be used" in running.events()
    assert (tmp_path / "data").read_text() == "mine"
