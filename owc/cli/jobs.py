"""`owc jobs`, `watch`, `result`, `pause`, `resume`, `cancel`: what becomes of jobs."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from owc.cli import EXIT_NOT_SUCCEEDED
from owc.cli.hub_api import FINISHED_STATES, HubApi
from owc.cli.options import hub_options

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

FORMS = ("csv", "ndjson", "parquet", "arrow", "png", "npy")
NAME_CHARS = 28
_POLL_SECONDS = 0.3


@click.command()
@hub_options
@click.option("--limit", default=20, show_default=True, help="How many of the newest.")
def jobs(*, url: str, token: str | None, limit: int) -> None:
    """List the newest jobs of a hub."""
    from rich.console import Console
    from rich.table import Column, Table

    rows = [
        (
            job["id"],
            job["state"],
            _of(job["rows_settled"], job["rows_total"]),
            job["created_at"][:16].replace("T", " "),
            job["name"],
        )
        for job in HubApi(url, token).jobs(limit)
    ]
    if not sys.stdout.isatty():
        for row in rows:
            click.echo("\t".join(row))
        return
    fixed = (Column(title, no_wrap=True) for title in ("job", "state", "rows", "posted"))
    table = Table(*fixed, Column("name", no_wrap=True, overflow="ellipsis"))
    for row in rows:
        table.add_row(*row)
    Console().print(table)


@click.command()
@click.argument("job_id")
@hub_options
def watch(*, url: str, token: str | None, job_id: str) -> None:
    """Follow a job until it is done."""
    exit_unless_succeeded(follow(HubApi(url, token), job_id))


@click.command()
@click.argument("job_id")
@hub_options
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File; its suffix decides.")
@click.option("--format", "form", type=click.Choice(FORMS), help="Default: by suffix, else csv.")
def result(
    *, url: str, token: str | None, job_id: str, output: Path | None, form: str | None
) -> None:
    """Fetch a job's result, to a file or to standard output."""
    fetch_result(HubApi(url, token), job_id, output, form)


@click.command()
@click.argument("job_id")
@hub_options
def cancel(*, url: str, token: str | None, job_id: str) -> None:
    """Cancel a job."""
    job = HubApi(url, token).cancel(job_id)
    click.echo(f"{job['id']} {job['state']}")


@click.command()
@click.argument("job_id")
@hub_options
def pause(*, url: str, token: str | None, job_id: str) -> None:
    """Give out no more work of a job until it is resumed; what volunteers hold still counts."""
    job = HubApi(url, token).pause(job_id)
    click.echo(f"{job['id']} {job['state']}")


@click.command()
@click.argument("job_id")
@hub_options
def resume(*, url: str, token: str | None, job_id: str) -> None:
    """Let a paused job go on."""
    job = HubApi(url, token).resume(job_id)
    click.echo(f"{job['id']} {job['state']}")


def follow(api: HubApi, job_id: str) -> dict[str, Any]:
    """Show a job's progress until it is finished; returns the finished job."""
    from rich import console

    with progress_bars(console.Console(stderr=True)) as progress:
        bar = progress.add_task(job_id, total=None, note="")
        while True:
            job = api.job(job_id)
            progress.update(
                bar,
                description=job["name"][:NAME_CHARS],
                completed=job["rows_settled"],
                total=job["rows_total"],
                note=f"{job['state']}, {job['volunteers_at_work']} at work",
            )
            if job["state"] in FINISHED_STATES:
                return job
            time.sleep(_POLL_SECONDS)


def progress_bars(console: Console) -> Progress:
    """Bars of jobs: name, rows done, time, and a `note`, all to be read in 80 columns."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Column

    whole = Column(no_wrap=True)
    return Progress(
        TextColumn("{task.description}", table_column=whole),
        BarColumn(),  # alone gives way where there is little room
        MofNCompleteColumn(table_column=whole),
        TimeElapsedColumn(table_column=whole),
        TextColumn("{task.fields[note]}", table_column=whole),
        console=console,
    )


def exit_unless_succeeded(job: dict[str, Any]) -> None:
    """End the command with a message if the job did not succeed; tell of rows it has skipped."""
    if skipped := job.get("rows_skipped"):
        rows = "1 row" if skipped == 1 else f"{skipped:,} rows"
        listed = f"{job['url']}/skipped.ndjson lists them"
        click.echo(f"owc: {job['id']} left out {rows} of the source: {listed}", err=True)
    if job["state"] != "succeeded":
        reason = f": {job['failure']}" if job.get("failure") else ""
        click.echo(f"owc: {job['id']} {job['state']}{reason}", err=True)
        sys.exit(EXIT_NOT_SUCCEEDED)


def form_of(output: Path | None, form: str | None) -> str:
    """The format that is asked for, by name or by the file's suffix."""
    if form is not None:
        return form
    suffix = output.suffix.lower().lstrip(".") if output else "csv"
    known = {"jsonl": "ndjson", "pq": "parquet", "feather": "arrow"}.get(suffix, suffix)
    if known not in FORMS:
        forms = ", ".join(f".{each}" for each in FORMS)
        raise click.UsageError(f"{output}: results come as {forms}; or give --format.")
    return known


def fetch_result(api: HubApi, job_id: str, output: Path | None, form: str | None) -> None:
    """Write a result to a file, or to standard output without one."""
    form = form_of(output, form)
    if output is None:
        for block in api.result(job_id, form):
            sys.stdout.buffer.write(block)
        sys.stdout.buffer.flush()
        return
    size = api.save_result(job_id, form, output)
    click.echo(f"{output}: {size:,} bytes", err=True)


def _of(part: int, whole: int | None) -> str:
    return f"{part:,} / {whole:,}" if whole is not None else f"{part:,}"
