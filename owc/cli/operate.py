"""`owc token`, `owc approve`, `owc ban`: what an operator does on the hub's own machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from owc.cli.options import data_option, settings_from

if TYPE_CHECKING:
    from owc.services.hub import Hub

SCOPES = ("submit", "trusted")


@click.group()
def token() -> None:
    """Tokens of those who post jobs."""


@token.command()
@click.argument("name")
@data_option
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(SCOPES),
    default=("submit",),
    show_default=True,
    help="May be repeated. 'trusted' needs no approval.",
)
def create(*, data_folder: Path | None, name: str, scopes: tuple[str, ...]) -> None:
    """Make a token for NAME and print it; it is shown only now."""
    from owc.services import access

    with open_hub_of(data_folder) as hub:
        click.echo(access.create_token(hub, name, scopes))


@token.command("list")
@data_option
def list_(data_folder: Path | None) -> None:
    """List all tokens, without their secrets."""
    from owc.services import access

    with open_hub_of(data_folder) as hub:
        for each in access.list_tokens(hub):
            scopes = ",".join(sorted(each.scopes))
            revoked = f" revoked {each.revoked_at:%Y-%m-%d}" if each.revoked_at else ""
            click.echo(f"{each.id} {each.name} {scopes} since {each.created_at:%Y-%m-%d}{revoked}")


@token.command()
@click.argument("token_id")
@data_option
def revoke(*, data_folder: Path | None, token_id: str) -> None:
    """Make a token useless from now on."""
    from owc.services import access

    with open_hub_of(data_folder) as hub:
        access.revoke_token(hub, token_id)
    click.echo(f"{token_id} revoked")


@click.command()
@click.argument("job_id")
@data_option
def approve(*, data_folder: Path | None, job_id: str) -> None:
    """Let a held job run."""
    from owc.services import submission

    with open_hub_of(data_folder) as hub:
        submission.approve(hub, job_id)
    click.echo(f"{job_id} approved")


@click.command()
@click.argument("volunteer_id")
@data_option
@click.option("--reason", required=True, help="Shown to the volunteer.")
def ban(*, data_folder: Path | None, volunteer_id: str, reason: str) -> None:
    """Give a volunteer no work any more; what rests on its word is checked."""
    from owc.services import banning

    with open_hub_of(data_folder) as hub:
        reopened = banning.ban(hub, volunteer_id, reason)
    click.echo(f"{volunteer_id} banned; {reopened} of its results are checked")


@click.command()
@click.argument("volunteer_id")
@data_option
def unban(*, data_folder: Path | None, volunteer_id: str) -> None:
    """Let a volunteer in again, as a newcomer; ends a bar too."""
    from owc.services import banning

    with open_hub_of(data_folder) as hub:
        banning.unban(hub, volunteer_id)
    click.echo(f"{volunteer_id} may work again")


@contextmanager
def open_hub_of(data_folder: Path | None) -> Iterator[Hub]:
    """The hub of that data folder, for a command, its database brought up to date."""
    from owc.services.hub import open_hub
    from owc.store.migrate import migrate

    settings = settings_from(data_folder)
    migrate(settings)
    hub = open_hub(settings)
    try:
        yield hub
    finally:
        hub.close()
