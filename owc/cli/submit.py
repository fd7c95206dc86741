"""`owc submit`: post a job document, wait for it, fetch its result."""

from __future__ import annotations

from pathlib import Path

import click

from owc.cli.files import SHARED_HELP, named_files, with_files
from owc.cli.hub_api import HubApi
from owc.cli.jobs import FORMS, exit_unless_succeeded, fetch_result, follow, form_of
from owc.cli.options import hub_options


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@hub_options
@click.option(
    "--upload",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Upload this file first and make it the job's source.",
)
@click.option("--shared", multiple=True, callback=named_files, help=SHARED_HELP)
@click.option("--wait", is_flag=True, help="Follow the job until it is done.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Write the result here; its suffix decides the format. Implies --wait.",
)
@click.option("--format", "form", type=click.Choice(FORMS), help="Format of the result.")
def submit(
    *,
    url: str,
    token: str | None,
    file: Path,
    upload: Path | None,
    shared: dict[str, Path],
    wait: bool,
    output: Path | None,
    form: str | None,
) -> None:
    """Post the job document FILE."""
    if output is not None:
        form = form_of(output, form)
    api = HubApi(url, token)
    document = file.read_bytes()
    if upload is not None or shared:

        def send(path: Path) -> str:
            with path.open("rb") as stream:
                return str(api.upload(stream)["sha256"])

        sent = {name: send(path) for name, path in shared.items()}
        document = with_files(document, None if upload is None else send(upload), sent)
    job = api.submit(document)
    click.echo(f"{job['id']} {job['state']} {api.url}{job['url']}", err=wait or output is not None)
    if wait or output is not None:
        exit_unless_succeeded(follow(api, job["id"]))
        if output is not None:
            fetch_result(api, job["id"], output, form)
