"""From a job document to a program: reads, checks, plans, builds, assembles.

Problems of every part are collected, so that one report names them all. Whatever else goes wrong
in here is a mistake of ours and raises CompilerError.
"""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from jobspec.document import JobDocument, Parts, parts_of, read_document
from jobspec.document_sources import RangeSource
from jobspec.errors import CompilerError, DocumentError, JobspecError
from jobspec.functions import ARRAY_BYTES, CompiledFunction, compile_functions
from jobspec.ir import Module, TrapSites
from jobspec.limits import Limits
from jobspec.listing import render
from jobspec.output_checks import check_files
from jobspec.plan import Plan, axes_of
from jobspec.planning import build_plan, columns_of, plan_verify
from jobspec.plugin_code import callable_plugins, with_plugins
from jobspec.problems import ProblemList
from jobspec.program.module import build
from jobspec.program_plan import Axes, ProgramPlan, Requirement
from jobspec.shared import Shared, Unread
from jobspec.sources.opening import open_source
from jobspec.sources.shared import load_shared
from jobspec.sources.source import OpenUpload, SourceColumn
from jobspec.types import Schema
from jobspec.wasm.codegen import TooMuchMemoryError, assemble
from jobspec.wasm_functions import MAX_MEMORY_BYTES, compile_wasm

LANGUAGE_VERSION = "0.2"
"""The language and its compiler: the same document and version give the same program bytes."""

_COMPUTED = {"source", "shared", "functions", "steps", "finish"}
"""The parts of a document that say what is computed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program with its name, its words and its plan."""

    wasm: bytes
    sha256: str
    """The program's name: the SHA-256 of its bytes, in hexadecimal."""
    listing: str
    """The program in words that an auditor can read."""
    plan: ProgramPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledJob:
    """A job that can be run.

    `program` is what volunteers run over the rows of the source. The hub itself runs `finish` over
    the merged result, and `verify` over rows that volunteers returned, if the job has these.
    """

    document: JobDocument
    program: Program
    finish: Program | None = None
    verify: Program | None = None

    @property
    def wasm(self) -> bytes:
        return self.program.wasm

    @property
    def program_sha256(self) -> str:
        return self.program.sha256

    @property
    def listing(self) -> str:
        return self.program.listing

    @property
    def plan(self) -> ProgramPlan:
        return self.program.plan

    @property
    def result(self) -> Schema:
        """The columns of the job's result."""
        return (self.finish or self.program).plan.result


def check_document(
    raw: bytes, open_upload: OpenUpload | None = None, limits: Limits | None = None
) -> CompiledJob:
    """Read and compile a document; types of the source's columns are found by looking into it.

    Raises DocumentError with every problem that was found, and CompilerError for a mistake of ours.
    """
    limits = limits or Limits()
    problems = ProblemList()
    with _mistakes_are_ours():
        job = _compile(read_document(raw, limits, problems), open_upload, limits, problems)
    if problems or job is None:
        raise DocumentError(problems.all())
    return job


def compile_job(
    document: JobDocument, open_upload: OpenUpload | None = None, limits: Limits | None = None
) -> CompiledJob:
    """`check_document` for a document that has been read before."""
    problems = ProblemList()
    with _mistakes_are_ours():
        job = _compile(parts_of(document), open_upload, limits or Limits(), problems)
    if problems or job is None:
        raise DocumentError(problems.all())
    return job


def _compile(
    parts: Parts, open_upload: OpenUpload | None, limits: Limits, problems: ProblemList
) -> CompiledJob | None:
    traps = TrapSites()
    functions = _functions(parts, traps, limits, problems)
    shared = load_shared(parts.shared, open_upload, limits, problems)
    plan = _plan(
        parts, open_upload, functions=functions, shared=shared, limits=limits, problems=problems
    )
    finish = verify = None
    if parts.finish:
        finish = build_plan(
            parts.finish,
            None if plan is None else columns_of(plan.result),
            rows=None,
            functions=functions,
            shared=shared,
            limits=limits,
            problems=problems,
            part="finish",
        )
    if parts.verify is not None and plan is not None:
        verify = plan_verify(
            parts.verify,
            plan.result,
            functions=functions,
            shared=shared,
            limits=limits,
            problems=problems,
        )
    document = parts.document
    result = finish if parts.finish else plan
    if document is not None and result is not None:
        check_files(document.files, result.result, problems)
    if plan is None or document is None or problems:
        return None

    def program(plan: Plan) -> Program:
        return _program(document, plan, shared, traps, limits)

    try:
        return CompiledJob(
            document=document,
            program=program(plan),
            finish=None if finish is None else program(finish),
            verify=None if verify is None else program(verify),
        )
    except TooMuchMemoryError as error:
        problems.add(
            "program_too_large",
            "",
            f"texts, patterns, tables and arrays take {error.needed:,} bytes of the program's"
            f" memory; at most {error.most:,} are given",
            "leave out shared inputs, or make arrays smaller",
        )
        return None


def _functions(
    parts: Parts, traps: TrapSites, limits: Limits, problems: ProblemList
) -> dict[str, CompiledFunction]:
    """The functions of the document; those in Python can call the others, and plugins."""
    texts = {name: one for name, one in parts.functions.items() if isinstance(one, str)}
    modules = {
        name: one.function() for name, one in parts.functions.items() if not isinstance(one, str)
    }
    memory_bytes = min(MAX_MEMORY_BYTES, limits.memory_bytes // 2)
    compiled = compile_wasm(modules, problems, traps, memory_bytes)
    return compiled | compile_functions(
        texts,
        problems,
        traps,
        max_chars=limits.function_chars,
        array_bytes=min(ARRAY_BYTES, limits.memory_bytes // 4),
        known={**callable_plugins("\n".join(texts.values()), traps), **compiled},
    )


def _program(
    document: JobDocument, plan: Plan, shared: Shared, traps: TrapSites, limits: Limits
) -> Program:
    module = with_plugins(build(plan, traps, limits.memory_bytes), traps)
    module = replace(module, initial=_job_numbers(document))
    wasm = assemble(module)
    return Program(
        wasm=wasm,
        sha256=hashlib.sha256(wasm).hexdigest(),
        listing=render(module, traps.all(), _notes(shared)),
        plan=ProgramPlan(
            language=LANGUAGE_VERSION,
            source=plan.source,
            axes=plan.axes,
            partial=plan.partial,
            result=plan.result,
            closing=plan.closing,
            matches=plan.matches,
            requirement=_requirement(document, module),
            traps=traps.all(),
            rows=plan.rows,
        ),
    )


def _notes(shared: Shared) -> list[str]:
    return [f"shared {given.summary}" for given in shared.values() if not isinstance(given, Unread)]


def _plan(
    parts: Parts,
    open_upload: OpenUpload | None,
    *,
    functions: Mapping[str, CompiledFunction],
    shared: Shared,
    limits: Limits,
    problems: ProblemList,
) -> Plan | None:
    source: Sequence[SourceColumn] | None = None
    axes: Axes = ()
    rows: int | None = None
    if isinstance(parts.source, RangeSource):
        source, axes = (), axes_of(parts.source)
        rows = math.prod(axis.rows for axis in axes)
    elif parts.source is not None:
        opened = open_source(parts.source, open_upload, problems)
        if opened is not None:
            source, rows = opened.columns, opened.rows
    return build_plan(
        parts.steps,
        source,
        axes=axes,
        rows=rows,
        functions=functions,
        shared=shared,
        limits=limits,
        problems=problems,
    )


def _job_numbers(document: JobDocument) -> dict[str, int]:
    """Two numbers that tell what the job computes from what other jobs do (`kernels.chance`).

    How it is cut, checked, shown and described does not matter to them.
    """
    text = document.model_dump_json(exclude_unset=True, include=_COMPUTED)
    digest = hashlib.sha256(text.encode()).digest()
    low, high = struct.unpack_from("<2q", digest)
    return {"job_low": low, "job_high": high}


def _requirement(document: JobDocument, module: Module) -> Requirement:
    wanted = document.requires
    return Requirement(
        memory_bytes=max(wanted.memory_bytes, module.memory_maximum_bytes),
        mobile=wanted.mobile,
        score=float(wanted.score),
    )


@contextmanager
def _mistakes_are_ours() -> Iterator[None]:
    try:
        yield
    except JobspecError:
        raise
    except Exception as error:
        raise CompilerError(f"{type(error).__name__}: {error}") from error
