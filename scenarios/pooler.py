"""PgBouncer in transaction mode, between the processes and PostgreSQL."""

import os
import shutil
import signal
import socket
from pathlib import Path

import sqlalchemy as sa

from haulage.runtime.process import ProcessSpec, StopStep

HOST = "127.0.0.1"
SERVER_CONNECTIONS = 20
_CONFIGURATION = """\
[databases]
{name} = host={host} port={server_port} dbname={name} connect_query='SET enable_seqscan = off'

[pgbouncer]
listen_addr = {host}
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {users}
pool_mode = transaction
default_pool_size = {connections}
max_client_conn = 1000
{user}
"""


def url(database_url: str, port: int) -> str:
    """The same database, through the pooler on `port`."""
    made = sa.make_url(database_url).set(host=HOST, port=port)
    return made.render_as_string(hide_password=False)


def pgbouncer(folder: Path, port: int, database_url: str) -> ProcessSpec:
    """PgBouncer on `port` before the database."""
    server = sa.make_url(database_url)
    # Under root it becomes somebody else, who has to read its files.
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    users = folder / "users.txt"
    users.touch(mode=0o600)
    users.write_text(f'"{server.username}" "{server.password}"\n')
    configuration = folder / "pgbouncer.ini"
    as_root = os.geteuid() == 0
    configuration.write_text(
        _CONFIGURATION.format(
            name=server.database,
            host=HOST,
            server_port=server.port,
            port=port,
            users=users,
            connections=SERVER_CONNECTIONS,
            user="user = nobody" if as_root else "",
        )
    )
    if as_root:
        shutil.chown(users, "nobody")
    return ProcessSpec(
        "pgbouncer",
        (str(shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"), str(configuration)),
        cwd=folder,
        stop=(StopStep(signal.SIGTERM, 5),),
        ready=lambda: _listens(port),
        ready_timeout_s=20,
    )


def _listens(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=1):
            return True
    except OSError:
        return False
