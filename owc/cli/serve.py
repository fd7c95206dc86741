"""`owc serve` and `owc worker`: the processes of a hub."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import signal
import sys
from pathlib import Path

import click

from owc.cli.options import data_option, settings_from

_PR_SET_PDEATHSIG = 1


@click.command()
@data_option
@click.option("--host", help="Address to listen on (or OWC_HOST; 127.0.0.1).")
@click.option("--port", type=int, help="Port to listen on; 0 picks one (or OWC_PORT; 8080).")
@click.option("--parent-pid", type=int, hidden=True, help="End with this process.")
@click.option("--verbose", is_flag=True, help="Log what happens, not only what goes wrong.")
def serve(
    *,
    data_folder: Path | None,
    host: str | None,
    port: int | None,
    parent_pid: int | None,
    verbose: bool,
) -> None:
    """Serve a hub: pages, API, volunteers; with its own Redis unless OWC_REDIS_URL is set."""
    from gevent import monkey

    monkey.patch_all()
    if parent_pid is not None:
        end_with_parent(parent_pid)
    from owc.factory import create_web_hub
    from owc.web.server import listen
    from owc.web.server import serve as serve_http

    set_up_logging(verbose)
    settings = settings_from(data_folder, host=host, port=port)
    try:
        listener = listen(settings.host, settings.port)
    except OSError as error:
        raise click.ClickException(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror or error}"
        ) from None
    web_hub = create_web_hub(settings)
    try:
        web_hub.start()
        click.echo(f"serving {_address(settings.host, listener.getsockname()[1])}")
        sys.stdout.flush()
        serve_http(web_hub.app, listener, settings)
    finally:
        web_hub.close()


@click.command()
@data_option
@click.option("--parent-pid", type=int, hidden=True, help="End with this process.")
@click.option("--verbose", is_flag=True, help="Log what happens, not only what goes wrong.")
def worker(*, data_folder: Path | None, parent_pid: int | None, verbose: bool) -> None:
    """Run the hub's server-side tasks (an RQ worker): split, check, merge."""
    if parent_pid is not None:
        end_with_parent(parent_pid)
    from owc.tasks.worker import run_worker

    set_up_logging(verbose)
    be_ended_first()
    run_worker(settings_from(data_folder))


def be_ended_first() -> None:
    """Let the kernel, where memory ends, end this process rather than the web (Linux): a task that
    a hostile input made too large is begun again and given up in the end."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500", encoding="ascii")


def set_up_logging(verbose: bool) -> None:
    """Log to standard error."""
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )


def end_with_parent(parent_pid: int) -> None:
    """Have the kernel end this process when its parent ends, even by kill -9 (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent_pid:
            sys.exit(0)


def _address(host: str, port: int) -> str:
    name = f"[{host}]" if ":" in host else host
    return f"http://{'127.0.0.1' if host == '0.0.0.0' else name}:{port}"  # noqa: S104 - a comparison
