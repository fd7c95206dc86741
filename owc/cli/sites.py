"""`owc site`: the register of embedding sites, kept on the hub's own machine."""

from __future__ import annotations

from pathlib import Path

import click

from owc.cli.operate import open_hub_of
from owc.cli.options import data_option


@click.group()
def site() -> None:
    """Sites that embed this hub."""


@site.command()
@click.argument("name")
@data_option
@click.option(
    "--origin",
    "origins",
    multiple=True,
    required=True,
    help="Where its pages are, such as https://www.example.org. May be repeated.",
)
@click.option(
    "--category",
    "categories",
    multiple=True,
    help="A category of jobs that the site helps. May be repeated; default: all.",
)
def add(
    *, data_folder: Path | None, name: str, origins: tuple[str, ...], categories: tuple[str, ...]
) -> None:
    """Register the site NAME; print its key and the tag for its pages.

    The key is no secret: it stands in every page of the site.
    """
    from owc.services import loaders, sites
    from owc.web.assets import loader_script

    with open_hub_of(data_folder) as hub:
        key = sites.add_site(hub, name, origins, categories).key
        script = loader_script()
        loaders.keep(hub, script)
        address = (hub.settings.public_url or "https://HUB").rstrip("/")
    click.echo(key)
    click.echo(loaders.tag(script, address, key))


@site.command("list")
@data_option
def list_(data_folder: Path | None) -> None:
    """List the registered sites."""
    from owc.services import sites

    with open_hub_of(data_folder) as hub:
        for each in sites.list_sites(hub):
            categories = f" {','.join(each.categories)}" if each.categories else ""
            origins = " ".join(each.origins)
            click.echo(
                f"{each.key} {each.name} {origins} since {each.created_at:%Y-%m-%d}{categories}"
            )


@site.command()
@click.argument("key")
@data_option
def remove(*, data_folder: Path | None, key: str) -> None:
    """Take a site off the register: the frame opens in its pages no more."""
    from owc.services import sites

    with open_hub_of(data_folder) as hub:
        sites.remove_site(hub, key)
    click.echo(f"{key} removed")
