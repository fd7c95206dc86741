"""`owc check`: compile a job document on this machine; needs no hub."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import click

from owc.cli import EXIT_REFUSED
from owc.cli.files import SHARED_HELP, named_files, with_files
from owc.cli.hub_api import render_problem


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--upload",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The file that the job's source is to be.",
)
@click.option("--shared", multiple=True, callback=named_files, help=SHARED_HELP)
@click.option("--wat", is_flag=True, help="Print the disassembly, not the listing.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the .wasm here.")
def check(
    *,
    file: Path,
    upload: Path | None,
    shared: dict[str, Path],
    wat: bool,
    output: Path | None,
) -> None:
    """Print the problems of the job document FILE, or the program it compiles to."""
    import jobspec

    document = file.read_bytes()
    local: dict[str, Path] = {}

    def digest(path: Path) -> str:
        with path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        local[sha256] = path
        return sha256

    if upload is not None or shared:
        digests = {name: digest(path) for name, path in shared.items()}
        document = with_files(document, None if upload is None else digest(upload), digests)

    def open_upload(sha256: str) -> Path:
        if sha256 not in local:
            raise FileNotFoundError(sha256)
        return local[sha256]

    try:
        compiled = jobspec.check_document(document, open_upload if local else None)
    except jobspec.DocumentError as error:
        count = len(error.problems)
        click.echo(f"{file}: {count} problem{'s' if count != 1 else ''}", err=True)
        for problem in error.problems:
            click.echo(render_problem(problem.as_dict()), err=True)
        sys.exit(EXIT_REFUSED)
    if output is not None:
        output.write_bytes(compiled.wasm)
    programs = {
        "": compiled.program,
        "verify: what the hub runs over the rows that volunteers return": compiled.verify,
        "finish: what the hub runs over the merged result": compiled.finish,
    }
    for title, program in programs.items():
        if program is None:
            continue
        if title:
            click.echo(f"\n--- {title}\n")
        click.echo(jobspec.disassemble(program.wasm) if wat else program.listing)
    click.echo(f"{len(compiled.wasm):,} bytes, sha256 {compiled.program_sha256}", err=True)
