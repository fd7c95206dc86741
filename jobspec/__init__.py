"""The job language: documents in, WebAssembly out.

These names are the package's interface; everything else is its own affair.
"""

from __future__ import annotations

from jobspec.chunks import (
    Chunk,
    chunk_rows,
    chunk_table,
    chunks,
    output_ends,
    output_first_row,
    output_rows_done,
    output_table,
    range_chunk,
    slice_chunk,
    without_place,
)
from jobspec.compiler import (
    LANGUAGE_VERSION,
    CompiledJob,
    Program,
    check_document,
    compile_job,
)
from jobspec.document import JobDocument, document_schema, parse_document
from jobspec.document_rules.wishes import CATEGORIES
from jobspec.document_shared import SharedUpload
from jobspec.document_sources import UrlSource
from jobspec.errors import (
    ChunkError,
    CompilerError,
    DocumentError,
    JobspecError,
    MergeError,
    OutputError,
    PluginError,
    ProgramError,
    RunError,
    SourceError,
)
from jobspec.hub_programs import failing_rows, finish
from jobspec.limits import Limits
from jobspec.merge import merge, result_schema
from jobspec.plugin_code import check_plugins
from jobspec.plugins import plugin_packages
from jobspec.problems import Problem
from jobspec.program_plan import ProgramPlan, Requirement
from jobspec.result_files import ResultFile, make_result_files
from jobspec.results import result_arrow, result_csv, result_ndjson, write_parquet
from jobspec.run import Between, Run, run_program
from jobspec.types import Column, Schema, ValueType
from jobspec.value_text import value_as_text
from jobspec.wasm.disassemble import disassemble

__all__ = [
    "CATEGORIES",
    "LANGUAGE_VERSION",
    "Between",
    "Chunk",
    "ChunkError",
    "Column",
    "CompiledJob",
    "CompilerError",
    "DocumentError",
    "JobDocument",
    "JobspecError",
    "Limits",
    "MergeError",
    "OutputError",
    "PluginError",
    "Problem",
    "Program",
    "ProgramError",
    "ProgramPlan",
    "Requirement",
    "ResultFile",
    "Run",
    "RunError",
    "Schema",
    "SharedUpload",
    "SourceError",
    "UrlSource",
    "ValueType",
    "check_document",
    "check_plugins",
    "chunk_rows",
    "chunk_table",
    "chunks",
    "compile_job",
    "disassemble",
    "document_schema",
    "failing_rows",
    "finish",
    "make_result_files",
    "merge",
    "output_ends",
    "output_first_row",
    "output_rows_done",
    "output_table",
    "parse_document",
    "plugin_packages",
    "range_chunk",
    "result_arrow",
    "result_csv",
    "result_ndjson",
    "result_schema",
    "run_program",
    "slice_chunk",
    "value_as_text",
    "without_place",
    "write_parquet",
]
