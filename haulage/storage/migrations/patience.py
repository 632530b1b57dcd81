"""How a migration waits: for its turn, and for the locks that others hold.

A statement that wants a lock has everybody who comes later wait behind it, so none waits longer
than `lock_s` for one. Then it gives up, lets them pass, and its migration is tried again from its
beginning. Meanwhile it is told who is in the way: never what their statements say.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from psycopg import errors

from haulage.domain.errors import Unavailable

Tell = Callable[[str], None]

# Two `haulage db migrate` at once: the second waits, then finds nothing to do.
TURN = 0x4841554C4D494752
LOOK_EVERY_S = 0.5
TELL_AGAIN_S = 10.0
# Nobody waits for a migrator that was killed: its session looks whether it is still there.
ORPHANED_MS = 2_000
RETRIED = (errors.LockNotAvailable, errors.DeadlockDetected)

_SETTINGS = """
SELECT set_config('lock_timeout', :lock_ms, false),
       set_config('client_connection_check_interval', :orphaned_ms, false)
"""
# Others' rows show their times to members of their role alone.
_BLOCKERS = sa.text("""
SELECT pid, coalesce(nullif(application_name, ''), backend_type, 'somebody') AS name, state,
       extract(epoch FROM clock_timestamp() - xact_start) AS transaction_s,
       extract(epoch FROM clock_timestamp() - query_start) AS statement_s
FROM pg_stat_activity WHERE pid = ANY(pg_blocking_pids(:pid)) ORDER BY pid
""")
_BUILDING = sa.text("""
SELECT phase, round(100.0 * blocks_done / nullif(blocks_total, 0)) AS percent
FROM pg_stat_progress_create_index WHERE pid = :pid
""")
_HOLDS_TURN = sa.text("""
SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted
  AND (CAST(classid AS bigint) << 32) + CAST(objid AS bigint) = :key LIMIT 1
""")


@dataclass(frozen=True, slots=True)
class Bounds:
    """In seconds: how long one statement waits for a lock, how long to rest at first and at most
    before the next try, and when to give up."""

    lock_s: float = 2.0
    rest_s: float = 0.5
    longest_rest_s: float = 10.0
    patience_s: float = 600.0


def say_nothing(_: str) -> None:
    """For those who don't want to hear how it goes."""


def take_turn(connection: sa.Connection, bounds: Bounds, tell: Tell) -> None:
    """Be the only migrator for as long as the session lasts; its settings are a migrator's then.

    Raises `Unavailable` when the other one takes too long. It asks again and again: one that waited
    in a statement would hold a snapshot, and an index built concurrently waits for all of those.
    """
    until, told = time.monotonic() + bounds.patience_s, False
    while not connection.scalar(sa.text("SELECT pg_try_advisory_lock(:key)"), {"key": TURN}):
        holder = connection.scalar(_HOLDS_TURN, {"key": TURN})
        connection.rollback()
        if time.monotonic() > until:
            raise Unavailable(
                f"Another migration (pid {holder}) is still under way.",
                hint="Look at it in pg_stat_activity; run `haulage db migrate` again after it.",
            )
        if not told:
            tell(f"waits for another migration (pid {holder})")
            told = True
        time.sleep(min(bounds.rest_s, LOOK_EVERY_S))
    settings = {"lock_ms": f"{bounds.lock_s * 1000:.0f}", "orphaned_ms": str(ORPHANED_MS)}
    connection.execute(sa.text(_SETTINGS), settings)
    connection.commit()


def persist(
    connection: sa.Connection, bounds: Bounds, tell: Tell, work: Callable[[], None]
) -> None:
    """Do `work`, again and again while locks are in its way. Raises `Unavailable` in the end."""
    until, rest_s = time.monotonic() + bounds.patience_s, bounds.rest_s
    while True:
        try:
            return work()
        except sa.exc.OperationalError as error:
            connection.rollback()
            if not isinstance(error.orig, RETRIED):
                raise
            if time.monotonic() + rest_s > until:
                raise Unavailable(
                    f"A lock that the migration needs was not free for {bounds.patience_s:.0f} s.",
                    hint="End the transactions named above (`SELECT pg_terminate_backend(PID)`) "
                    "and run `haulage db migrate` again: it goes on where it stopped.",
                ) from error
        tell(f"lets the others pass and tries again in {rest_s:.1f} s")
        time.sleep(rest_s)
        rest_s = min(rest_s * 2, bounds.longest_rest_s)


@contextmanager
def told_of_blockers(engine: sa.Engine, connection: sa.Connection, tell: Tell) -> Iterator[None]:
    """Tell, over a connection of its own, whom `connection` waits for and how far its index is."""
    pid = connection.scalar(sa.text("SELECT pg_backend_pid()"))
    connection.rollback()
    over = threading.Event()
    watch = threading.Thread(target=_watch, args=(engine, pid, tell, over), daemon=True)
    watch.start()
    try:
        yield
    finally:
        over.set()
        watch.join(LOOK_EVERY_S * 4)


def _watch(engine: sa.Engine, pid: int, tell: Tell, over: threading.Event) -> None:
    told: dict[str, float] = {}
    try:
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as own:
            while not over.wait(LOOK_EVERY_S):
                for about, line in _news(own, pid):
                    if time.monotonic() - told.get(about, -TELL_AGAIN_S) >= TELL_AGAIN_S:
                        told[about] = time.monotonic()
                        tell(line)
    except sa.exc.DBAPIError:
        # Whoever migrates meets the same trouble and says it.
        return


def _news(own: sa.Connection, pid: int) -> Iterator[tuple[str, str]]:
    """What each line is about, and the line."""
    for one in own.execute(_BLOCKERS, {"pid": pid}):
        since = [
            f"{what} began {seconds:.0f} s ago"
            for what, seconds in (
                ("its transaction", one.transaction_s),
                ("its last statement", one.statement_s),
            )
            if seconds is not None
        ]
        who = f"pid {one.pid} ({one.name}{', ' + one.state if one.state else ''})"
        yield f"pid {one.pid}", ": ".join(filter(None, (f"waits for {who}", ", ".join(since))))
    for built in own.execute(_BUILDING, {"pid": pid}):
        percent = f", {built.percent:.0f} %" if built.percent is not None else ""
        yield "index", f"{built.phase}{percent}"
