"""The command `owc`. Each subcommand lives in a module that is imported only when it is called."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from owc.errors import OwcError

COMMANDS = {
    "approve": "owc.cli.operate:approve",
    "ban": "owc.cli.operate:ban",
    "cancel": "owc.cli.jobs:cancel",
    "check": "owc.cli.check:check",
    "demo": "owc.cli.demo:demo",
    "jobs": "owc.cli.jobs:jobs",
    "pause": "owc.cli.jobs:pause",
    "result": "owc.cli.jobs:result",
    "resume": "owc.cli.jobs:resume",
    "serve": "owc.cli.serve:serve",
    "site": "owc.cli.sites:site",
    "submit": "owc.cli.submit:submit",
    "token": "owc.cli.operate:token",
    "unban": "owc.cli.operate:unban",
    "volunteer": "owc.cli.volunteer:volunteer",
    "watch": "owc.cli.jobs:watch",
    "worker": "owc.cli.serve:worker",
}

EXIT_REFUSED = 1
EXIT_UNREACHABLE = 3
EXIT_NOT_SUCCEEDED = 4


class _LazyGroup(click.Group):
    """Imports a subcommand's module when the subcommand is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - likewise
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="openwebcompute", prog_name="owc")
def owc() -> None:
    """Open Web Compute: volunteer computing in the browser.

    Exit status: 0 done, 1 refused or wrong, 2 wrong usage, 3 the hub cannot be reached,
    4 the job did not succeed.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit; errors of ours are told in a sentence, not a traceback."""
    try:
        owc.main(args=list(arguments) if arguments is not None else None, prog_name="owc")
    except OwcError as error:
        click.echo(f"owc: {error.message}", err=True)
        sys.exit(EXIT_REFUSED)
    sys.exit(0)
