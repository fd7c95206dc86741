"""`owc volunteer`: give this machine's time to a hub, without a browser."""

from __future__ import annotations

import os
import signal
import sys

import click

from owc.cli import EXIT_UNREACHABLE
from owc.cli.options import DEFAULT_URL
from owc.cli.serve import end_with_parent, set_up_logging


@click.command()
@click.argument("url", envvar="OWC_URL", default=DEFAULT_URL)
@click.option("--workers", type=click.IntRange(1, 256), help="Sub-jobs at a time (all cores).")
@click.option("--until-idle", is_flag=True, help="End when the hub has nothing left to do.")
@click.option("--parent-pid", type=int, hidden=True, help="End with this process.")
@click.option("--verbose", is_flag=True, help="Log what happens, not only what goes wrong.")
def volunteer(
    *, url: str, workers: int | None, until_idle: bool, parent_pid: int | None, verbose: bool
) -> None:
    """Compute for the hub at URL until interrupted."""
    from owc.volunteer import HubRefusedError, Volunteer

    if parent_pid is not None:
        end_with_parent(parent_pid)
    set_up_logging(verbose)
    signal.signal(signal.SIGTERM, _interrupt)
    native = Volunteer(url.rstrip("/"), workers=workers or os.cpu_count() or 1)
    try:
        settled = native.run(until_idle=until_idle)
    except KeyboardInterrupt:
        settled = native.results_stored
    except HubRefusedError as error:
        click.echo(f"owc: {error}", err=True)
        sys.exit(EXIT_UNREACHABLE)
    finally:
        native.close()
    click.echo(f"{settled} results stored", err=True)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
