"""`owc demo`: a hub, an example site and a native volunteer on this machine, and two jobs.

What the volunteers answer is compared with the same computed another way (`owc.cli.demo_jobs`).
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click

from owc.cli import EXIT_NOT_SUCCEEDED, demo_jobs, processes
from owc.cli.hub_api import FINISHED_STATES, HubApi

_POLL_SECONDS = 0.25
_SHOWN_ROWS = 8


@click.command()
@click.option(
    "--once", is_flag=True, help="Stop after the answers; status 0 only if they are right."
)
@click.option("--port", default=8080, show_default=True, help="Port of the hub, if it is free.")
@click.option("--site-port", default=8090, show_default=True, help="Port of the example site.")
@click.option("--workers", type=click.IntRange(0, 256), help="Of the native volunteer; 0 for none.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep the hub's data here (default: a temporary folder).",
)
def demo(*, once: bool, port: int, site_port: int, workers: int | None, data: Path | None) -> None:
    """Start everything on this machine, run two jobs, compare the answers, go on serving."""
    signal.signal(signal.SIGTERM, _interrupt)
    with contextlib.ExitStack() as stack, contextlib.suppress(KeyboardInterrupt):
        folder = data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="owc-demo-")))
        folder.mkdir(parents=True, exist_ok=True)
        children, hub_url, site_url = _start_all(stack, folder, port, site_port, workers)
        right = _run_jobs(HubApi(hub_url))
        _show_addresses(hub_url, site_url)
        if once:
            stack.close()
            sys.exit(0 if right else EXIT_NOT_SUCCEEDED)
        _wait(children)


def _start_all(
    stack: contextlib.ExitStack, folder: Path, port: int, site_port: int, workers: int | None
) -> tuple[list[processes.Child], str, str]:
    from owc.assets import asset

    hub_port, site_port = processes.free_port(port), processes.free_port(site_port)
    hub_url, site_url = f"http://127.0.0.1:{hub_port}", f"http://127.0.0.1:{site_port}"
    me = str(os.getpid())

    def start(name: str, *arguments: str, **more: Any) -> processes.Child:
        child = processes.start(name, arguments, log=folder / f"{name}.log", **more)
        stack.callback(child.stop)
        return child

    hub = start(
        "hub",
        "owc",
        "serve",
        "--data",
        str(folder / "hub"),
        "--port",
        str(hub_port),
        "--parent-pid",
        me,
    )
    processes.await_answer(hub, f"{hub_url}/readyz")
    site = start(
        "site",
        "example_site",
        "--hub",
        hub_url,
        "--port",
        str(site_port),
        "--parent-pid",
        me,
        folder=asset("example_site").parent,
    )
    processes.await_answer(site, site_url)
    children = [hub, site]
    count = (os.cpu_count() or 1) if workers is None else workers
    if count:
        children.append(
            start(
                "volunteer",
                "owc",
                "volunteer",
                hub_url,
                "--workers",
                str(count),
                "--parent-pid",
                me,
            )
        )
    return children, hub_url, site_url


def _run_jobs(api: HubApi) -> bool:
    """Submit both jobs, show their progress, print and compare their answers."""
    from rich.console import Console

    console = Console()
    console.print("Writing the table of Unicode's characters ...")
    sha256 = api.upload(io.BytesIO(demo_jobs.unicode_csv()))["sha256"]
    jobs = demo_jobs.demo_jobs(sha256)
    posted = [api.submit(json.dumps(job.document).encode())["id"] for job in jobs]
    with ThreadPoolExecutor(1) as pool:
        expected = [pool.submit(job.answer) for job in jobs]
        finished = _follow(api, posted, console)
        answers = [each.result() for each in expected]
    verdicts = [_judge(api, *each, console) for each in zip(jobs, finished, answers, strict=True)]
    return all(verdicts)


def _follow(api: HubApi, job_ids: list[str], console: Any) -> list[dict[str, Any]]:
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        TextColumn("{task.description:34}"),
        BarColumn(None),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console) as progress:
        bars = {job_id: progress.add_task(job_id, total=None, note="") for job_id in job_ids}
        while True:
            jobs = [api.job(job_id) for job_id in job_ids]
            for job in jobs:
                progress.update(
                    bars[job["id"]],
                    description=job["name"][:34],
                    completed=job["rows_settled"],
                    total=job["rows_total"],
                    note=job["state"],
                )
            if all(job["state"] in FINISHED_STATES for job in jobs):
                return jobs
            time.sleep(_POLL_SECONDS)


def _judge(
    api: HubApi,
    asked: demo_jobs.DemoJob,
    job: dict[str, Any],
    expected: list[demo_jobs.Row],
    console: Any,
) -> bool:
    """Print a job's answer and whether it is the one expected."""
    if job["state"] != "succeeded":
        console.print(f"[bold red]{job['name']}: {job['state']}[/] {job.get('failure') or ''}")
        return False
    text = b"".join(api.result(job["id"], "ndjson")).decode()
    rows = [json.loads(line) for line in text.splitlines()]
    _print_rows(asked, rows, console)
    wrong = demo_jobs.differences(rows, expected)
    for sentence in wrong[:_SHOWN_ROWS]:
        console.print(f"  [red]{sentence}[/]")
    verdict = "[bold red]differs from" if wrong else "[bold green]agrees with"
    console.print(f"  {verdict} the independent computation[/] ({len(expected):,} rows)\n")
    return not wrong


def _print_rows(asked: demo_jobs.DemoJob, rows: list[demo_jobs.Row], console: Any) -> None:
    from rich.table import Column, Table

    largest = sorted(rows, key=lambda row: row[asked.largest], reverse=True)[:_SHOWN_ROWS]
    columns = [
        Column(name, justify="left" if isinstance(largest[0][name], str) else "right")
        for name in asked.shown
    ]
    table = Table(*columns, title=asked.document["name"], title_justify="left")
    for row in largest:
        table.add_row(*(_cell(row[name]) for name in asked.shown))
    console.print(table)
    if len(rows) > _SHOWN_ROWS:
        console.print(f"  and {len(rows) - _SHOWN_ROWS:,} smaller rows")


def _show_addresses(hub_url: str, site_url: str) -> None:
    click.echo(f"jobs:         {hub_url}/list")
    click.echo(f"example site: {site_url}/")
    sys.stdout.flush()


def _wait(children: list[processes.Child]) -> None:
    click.echo("serving until Ctrl-C")
    sys.stdout.flush()
    while True:
        for child in children:
            if child.process.poll() is not None:
                raise child.fail()
        time.sleep(0.5)


def _cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt
