import os
import pwd
import shutil
import signal
import stat
from pathlib import Path

import psycopg
import pytest

from haulage.runtime import ports
from haulage.runtime.fault import StartFault
from haulage.runtime.identity import identities, run_as
from haulage.runtime.launch import CAP_DAC_READ_SEARCH, Identity, launch_command
from haulage.runtime.postgres import Postgres

from .conftest import gone, until


def one(url: str, statement: str):
    with psycopg.connect(url) as connection:
        return connection.execute(statement).fetchone()[0]


def start_and_stop(folder: Path, **options) -> None:
    with Postgres.start(folder, durable=False, **options):
        pass


def postmaster(folder: Path) -> int:
    return int((folder / "cluster" / "postmaster.pid").read_text().splitlines()[0])


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with a cluster in it that no test leaves running."""
    folder = tmp_path_factory.mktemp("embedded") / "postgres"
    with Postgres.start(folder, durable=False):
        pass
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("embedded") / "postgres"
    with Postgres.start(folder, durable=False) as postgres:
        yield postgres


def test_its_url_leads_to_an_empty_utf8_database(server):
    assert one(server.url, "SELECT current_database()") == "haulage"
    assert one(server.url, "SHOW server_encoding") == "UTF8"
    assert one(server.url, "SELECT count(*) FROM pg_stat_user_tables") == 0


def test_letters_are_letters_beyond_ascii(server):
    if server.binaries.major < 17:
        pytest.skip("the locale that ships with PostgreSQL came with 17")
    assert one(server.url, "SELECT upper('éà')") == "ÉÀ"


def test_it_listens_on_loopback_alone_and_has_no_socket_file(server):
    assert one(server.url, "SHOW listen_addresses") == "127.0.0.1"
    assert one(server.url, "SHOW unix_socket_directories") == ""


def test_it_wants_the_password(server):
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.url.replace(server.password, "wrong"))


def test_its_password_and_log_are_private(server):
    for name in ("password", "postgres.log"):
        assert stat.S_IMODE((server.folder / name).stat().st_mode) == 0o600
    assert not (server.folder / "password.initdb").exists()


@pytest.mark.parametrize(("durable", "fsync"), [(True, "on"), (False, "off")])
def test_it_syncs_unless_told_not_to(folder, durable, fsync):
    with Postgres.start(folder, durable=durable) as postgres:
        assert one(postgres.url, "SHOW fsync") == fsync


def test_a_new_cluster_is_on_the_disk_before_it_is_promised(tmp_path):
    with Postgres.start(tmp_path / "pg", durable=True):
        assert not (tmp_path / "pg" / "unsynced").exists()


def test_it_keeps_its_data_and_its_password_over_a_stop(folder):
    with Postgres.start(folder, durable=False) as postgres:
        first = postgres.password
        with psycopg.connect(postgres.url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        pid = postmaster(folder)
    assert gone(pid)
    with Postgres.start(folder, durable=False) as postgres:
        assert postgres.password == first
        assert one(postgres.url, "SELECT answer FROM kept") == 42


def test_it_comes_back_after_a_kill(folder):
    with Postgres.start(folder, durable=False):
        os.kill(postmaster(folder), signal.SIGKILL)
    with Postgres.start(folder, durable=False) as postgres:
        assert one(postgres.url, "SELECT 1") == 1


def test_a_stale_pid_file_that_names_somebody_else_is_no_obstacle(folder):
    pid_file = folder / "cluster" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{folder / 'cluster'}\n0\n1\n\n127.0.0.1\n\nready\n")
    with Postgres.start(folder, durable=False) as postgres:
        assert one(postgres.url, "SELECT 1") == 1


def test_an_orphan_that_still_serves_the_folder_is_ended_first(folder, monkeypatch):
    monkeypatch.setattr("haulage.runtime.postgres._ORPHAN_STEP_S", 0.2)
    with Postgres.start(folder, durable=False):
        orphan = postmaster(folder)
        with Postgres.start(folder, durable=False) as postgres:
            assert gone(orphan)
            assert one(postgres.url, "SELECT 1") == 1


def test_a_half_made_cluster_is_made_anew(tmp_path):
    draft = tmp_path / "pg" / "cluster.new"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")
    with Postgres.start(tmp_path / "pg", durable=False) as postgres:
        assert one(postgres.url, "SELECT 1") == 1
    assert not draft.exists()


def test_a_port_that_is_taken_is_refused(folder):
    with ports.reserve_free() as port, pytest.raises(StartFault, match="is taken") as caught:
        start_and_stop(folder, port=port.number)
    assert caught.value.what == f"Port {port.number} is taken."


def test_a_folder_without_postgresql_is_refused(tmp_path):
    with pytest.raises(StartFault, match="no PostgreSQL to start") as caught:
        start_and_stop(tmp_path / "pg", binaries=tmp_path)
    assert "pip install" in caught.value.hint


def test_a_cluster_of_another_version_is_refused(tmp_path):
    cluster = tmp_path / "pg" / "cluster"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("9\n")
    with pytest.raises(StartFault, match=r"written by PostgreSQL 9\."):
        start_and_stop(tmp_path / "pg")


def test_an_older_server_of_the_system_will_do(tmp_path):
    older = [
        path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()
    ]
    if not older:
        pytest.skip("needs a PostgreSQL of the system")
    with Postgres.start(tmp_path / "pg", durable=False, binaries=older[0]) as postgres:
        assert one(postgres.url, "SHOW server_encoding") == "UTF8"
    with Postgres.start(tmp_path / "pg", durable=False) as postgres:
        assert postgres.binaries.folder.resolve() == older[0].resolve(), "found by its version"


def test_under_root_it_runs_as_somebody_else_below_a_private_folder(as_root, tmp_path):
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    with Postgres.start(private / "pg", durable=False) as postgres:
        uids = Path(f"/proc/{postmaster(private / 'pg')}/status").read_text()
        assert "Uid:\t0" not in uids
        assert one(postgres.url, "SELECT 1") == 1
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


def test_under_root_a_cluster_of_another_user_runs_as_that_user(as_root, tmp_path):
    cluster = tmp_path / "cluster"
    cluster.mkdir()
    os.chown(cluster, 4242, 4343)
    assert {(who.uid, who.gid) for who in identities(cluster, tmp_path)} == {(4242, 4343)}


def test_under_root_without_a_change_of_user_a_namespace_does(as_root, tmp_path, monkeypatch):
    namespace = Identity(65_534, 65_534, namespace=True)
    if run_as(namespace, ["true"]).returncode != 0:
        pytest.skip("this kernel gives no user namespaces")
    monkeypatch.setattr(
        "haulage.runtime.postgres_binaries.identities", lambda data, program: [namespace]
    )
    with Postgres.start(tmp_path / "pg", durable=False) as postgres:
        assert one(postgres.url, "SELECT 1") == 1
    monkeypatch.undo()
    with Postgres.start(tmp_path / "pg", durable=False) as postgres:
        assert postgres.binaries.identity == namespace, "its data belong to root"


def test_under_root_that_can_become_nobody_the_fault_says_so(as_root, tmp_path, run_program):
    if shutil.which("setpriv") is None:
        pytest.skip("needs setpriv")
    program = run_program(
        "import sys; from pathlib import Path; from haulage.runtime.postgres import Postgres\n"
        "from haulage.runtime.fault import StartFault\n"
        "try: Postgres.prepare(Path(sys.argv[1]), port=1)\n"
        "except StartFault as fault: print(fault.what, fault.hint)",
        str(tmp_path / "pg"),
        within=("setpriv", "--bounding-set=-all"),
    )
    said = program.communicate()[0]
    assert "refuses to run as root" in said
    assert "ordinary user" in said


def test_an_ordinary_user_runs_it_as_itself(as_root, tmp_path, run_program):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    user = next(user for user in pwd.getpwall() if user.pw_uid != 0)
    os.chown(home, user.pw_uid, user.pw_gid)
    # The capability lets it read this test's interpreter, which may lie in root's home.
    ordinary = Identity(user.pw_uid, user.pw_gid, capability=CAP_DAC_READ_SEARCH)
    program = run_program(
        "import os, sys; from pathlib import Path; from haulage.runtime.postgres import Postgres\n"
        "with Postgres.start(Path(sys.argv[1]), durable=False) as postgres:\n"
        "    print(os.geteuid(), postgres.binaries.identity)",
        str(home / "pg"),
        within=tuple(launch_command((), parent=os.getpid(), death_signal=9, identity=ordinary)),
    )
    assert program.communicate()[0] == f"{user.pw_uid} None\n"
    assert (home / "pg" / "cluster").stat().st_uid == user.pw_uid


def test_it_ends_with_a_killed_parent(tmp_path, run_program):
    parent = run_program(
        "import sys; from pathlib import Path; from haulage.runtime.postgres import Postgres\n"
        "with Postgres.start(Path(sys.argv[1]), durable=False):\n"
        "    print('up', flush=True); sys.stdin.read()",
        str(tmp_path / "pg"),
    )
    assert parent.stdout.readline() == "up\n"
    pid = postmaster(tmp_path / "pg")
    parent.kill()
    until(lambda: gone(pid), within_s=5)
    assert not (tmp_path / "pg" / "cluster" / "postmaster.pid").exists(), "it shut down in order"
