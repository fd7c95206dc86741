"""`owc submit`: post a job document, wait for it, fetch its result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

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
    wait: bool,
    output: Path | None,
    form: str | None,
) -> None:
    """Post the job document FILE."""
    if output is not None:
        form = form_of(output, form)
    api = HubApi(url, token)
    document = file.read_bytes()
    if upload is not None:
        with upload.open("rb") as stream:
            document = with_upload(document, api.upload(stream)["sha256"])
    job = api.submit(document)
    click.echo(f"{job['id']} {job['state']} {api.url}{job['url']}", err=wait or output is not None)
    if wait or output is not None:
        exit_unless_succeeded(follow(api, job["id"]))
        if output is not None:
            fetch_result(api, job["id"], output, form)


def with_upload(document: bytes, sha256: str) -> bytes:
    """The document with its source's upload set; one that is not understood stays as it is."""
    try:
        parsed: Any = json.loads(document)
    except ValueError:
        return document
    if isinstance(parsed, dict) and isinstance(parsed.get("source"), dict):
        parsed["source"]["upload"] = sha256
        return json.dumps(parsed, ensure_ascii=False).encode()
    return document
