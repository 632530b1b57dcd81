"""The processes of an installation, each in the foreground: `haulage api` and its siblings.

Thin on purpose: `haulage.wiring` builds and runs them. It is imported inside the commands, because
the light base install has none of the servers it needs.
"""

from enum import StrEnum
from typing import Annotated

import typer

from haulage.cli.output import Complaint, complain
from haulage.runtime.http_probe import is_loopback

AuthOption = Annotated[
    bool,
    typer.Option(
        "--auth",
        envvar="HAULAGE_AUTH_ENABLED",
        help="Callers need a key; see [b]haulage keys[/b].",
    ),
]
DEFAULT_CONCURRENCY = {"io": 1000, "cpu": 2}


class Pool(StrEnum):
    """What `--pool` takes."""

    IO = "io"
    CPU = "cpu"


def api(
    host: Annotated[
        str, typer.Option(help="Address to listen on; loopback only without --auth.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8700,
    auth: AuthOption = False,
) -> None:
    """Run the HTTP API.

    Needs [b]HAULAGE_DATABASE_URL[/b] and [b]HAULAGE_REDIS_URL[/b]; [b]haulage up[/b] starts
    everything at once.

    [dim]Example[/dim]

    [cyan]haulage api --port 8700[/cyan]

    [cyan]haulage api --host 0.0.0.0 --auth[/cyan]
    """
    if not is_loopback(host) and not auth:
        complain(
            Complaint(
                f"{host} can be reached by other machines.",
                "Authentication is off, so anybody there could submit jobs.",
                f"haulage api --host {host} --auth   # the first key: haulage keys create --help",
            )
        )
        raise typer.Exit(1)
    from haulage import wiring

    wiring.run_api(host=host, port=port, auth=auth)


def worker(
    pool: Annotated[
        Pool, typer.Option(help="[b]io[/b]: async handlers; [b]cpu[/b]: processes for plain ones.")
    ],
    concurrency: Annotated[
        int | None,
        typer.Option(
            "--concurrency",
            "-c",
            min=1,
            show_default=False,
            help="Jobs at once: in flight on io (1000), processes on cpu (2).",
        ),
    ] = None,
    queues: Annotated[
        str | None,
        typer.Option(help="Only these, comma-separated; all of the pool's if not said."),
    ] = None,
) -> None:
    """Run a worker.

    [dim]Examples[/dim]

    [cyan]haulage worker --pool io[/cyan]

    [cyan]haulage worker --pool cpu --concurrency 4 --queues cpu,ocr[/cyan]
    """
    named = tuple(name.strip() for name in (queues or "").split(",") if name.strip())
    from haulage import wiring

    wiring.run_worker(
        pool=pool.value,
        concurrency=concurrency or DEFAULT_CONCURRENCY[pool.value],
        queues=named or None,
    )


def dispatcher() -> None:
    """Run the dispatcher: rings jobs that are due, rescues those of dead workers.

    Run two or more; one leads and the others stand by.

    [dim]Example[/dim]

    [cyan]haulage dispatcher[/cyan]
    """
    from haulage import wiring

    wiring.run_dispatcher()


def poller() -> None:
    """Run the poller: pulls tasks from the APIs that the settings name, and reports what became
    of them.

    Needs [b]API_BASE_URL[/b] in the environment or [b]\\[sources.NAME][/b] in haulage.toml. Run two
    or more; for each source one leads and the others stand by.

    [dim]Example[/dim]

    [cyan]haulage poller[/cyan]
    """
    from haulage import wiring

    wiring.run_poller()
