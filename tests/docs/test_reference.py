"""Whatever has a name in the code is described: these fail when the pages lag.

Tables that `make docs` writes are compared in `test_tables`; here is what is written by hand.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from jobspec import Limits, ValueType
from jobspec.aggregates import AGGREGATES
from jobspec.document import JobDocument
from jobspec.document_rules import keywords
from jobspec.functions import builtins, mathematics
from jobspec.functions.calls import FORM_NAMES
from jobspec.sql import functions as sql_functions
from jobspec.sql.names import TYPE_NAMES
from jobspec.sql.nodes import BINARY as BINARY_OPERATORS
from owc import errors
from owc.cli.operate import SCOPES
from owc.domain.states import JobState, SubJobState, Verdict
from owc.factory import create_app
from owc.services import access
from owc.settings import PREFIX, Settings
from owc.web import messages
from owc.web.problem_json import _CODES_OF_STATUS, _STATUS_OF_ERROR
from tests.docs.pages import PAGES, ROOT, code_spans, files, section, text_of

JOBS, HTTP, OPERATIONS = "docs/jobs.md", "docs/http.md", "docs/operations.md"
FUNCTIONS = "docs/functions.md"


def words(text: str) -> set[str]:
    """The words within code spans."""
    return {word for span in code_spans(text) for word in re.findall(r"[\w.]+", span)}


# --- the language ---------------------------------------------------------------------------------


def test_every_key_of_a_document_is_described() -> None:
    described = code_spans(section(JOBS, "Document"))
    assert set(JobDocument.model_fields) <= described


def test_every_source_step_and_type_is_described() -> None:
    assert set(keywords.SOURCES) <= words(section(JOBS, "Source"))
    assert set(keywords.STEPS) <= words(section(JOBS, "Steps"))
    assert set(ValueType) <= words(section(JOBS, "Types"))


def test_every_aggregate_function_is_described() -> None:
    described = set(re.findall(r"`(\w+)\(", section(JOBS, "Aggregate functions")))
    assert described == set(AGGREGATES)


def test_every_operator_is_described() -> None:
    described = code_spans(section(JOBS, "Operators"))
    assert {*sql_functions.OPERATORS, *BINARY_OPERATORS.values()} <= described


def test_every_name_of_a_type_is_described() -> None:
    described = words(section(JOBS, "Conversions")) | words(section(JOBS, "Types"))
    assert set(TYPE_NAMES) <= described


def test_every_built_in_of_functions_is_described() -> None:
    described = words(section(FUNCTIONS, "Built in"))
    assert {*builtins.TABLE, *FORM_NAMES} <= described
    assert {f"math.{name}" for name in mathematics.CONSTANTS} <= described


def test_every_limit_is_described_with_its_number() -> None:
    table = section(JOBS, "Limits")
    for limit in fields(Limits):
        assert f"| `{limit.name}` | {limit.default:,}" in table


def test_every_trap_is_described() -> None:
    described = set(re.findall(r"^\| `(\w+)` \|", section(JOBS, "Traps"), re.MULTILINE))
    assert described == set(traps())


def traps() -> Iterator[str]:
    """The codes with which the compiler and the kernels trap."""
    yield from mathematics.MESSAGES
    for path in (ROOT / "jobspec").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        yield from re.findall(r'\btrap\("(\w+)"\)', text) if "kernels" in path.parts else ()
        for call in calls(path):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            name = call.func.id if isinstance(call.func, ast.Name) else name
            given = [*call.args, *(keyword.value for keyword in call.keywords)]
            texts = [each.value for each in given if isinstance(each, ast.Constant)]
            codes = [
                text for text in texts if isinstance(text, str) and re.fullmatch(r"\w+_\w+", text)
            ]
            if name in {"trap_if", "_trap_when", "_trap", "TrapSite"}:
                yield from codes
            elif name == "overflow_if":
                yield "integer_overflow"


# --- requests -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def endpoints(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    app = create_app(Settings(data_folder=tmp_path_factory.mktemp("data")))
    return {
        f"{method} {re.sub(r'<(?:path:)?', '<', rule.rule)}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_every_request_is_described(endpoints: set[str]) -> None:
    table = section(HTTP, "Requests")
    described = set(re.findall(r"^\| `([A-Z]+ \S+)` \|", table, re.MULTILINE))
    assert described == endpoints


def test_every_code_of_an_error_is_described_with_its_status() -> None:
    table = section(HTTP, "Errors")
    rows = set(re.findall(r"^\| (\w+) \| `(\w+)` \|", table, re.MULTILINE))
    described = {code for _, code in rows}
    expected = {(str(status), code) for status, code in _CODES_OF_STATUS.items()}
    expected |= {(str(status), kind.code) for kind, status in _STATUS_OF_ERROR}
    expected |= set(refusals_in_code())
    missing = {
        (status, code)
        for status, code in expected
        if (status, code) not in rows and not (status == "" and code in described)
    }
    assert not missing


def refusals_in_code() -> Iterator[tuple[str, str]]:
    """Status and code of each refusal that a view words itself; status "" where it is computed."""
    for path in (ROOT / "owc" / "web").glob("*.py"):
        for call in calls(path):
            name = call.func.id if isinstance(call.func, ast.Name) else ""
            constants = [each.value for each in call.args if isinstance(each, ast.Constant)]
            if name in {"RequestRefusedError", "problem"} and len(constants) > 1:
                yield str(constants[0]), str(constants[1])
            elif name == "_refuse" and constants:
                code = str(constants[-1] if " " not in str(constants[-1]) else constants[1])
                yield "", code


def test_every_error_of_the_hub_is_described() -> None:
    described = code_spans(text_of(HTTP)) | code_spans(section(OPERATIONS, "Errors on start"))
    assert {kind.code for kind in family(errors.OwcError)} <= described


def family(kind: type[errors.OwcError]) -> Iterator[type[errors.OwcError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from family(child)


def test_every_state_and_verdict_is_described() -> None:
    assert {*JobState, *SubJobState, *Verdict} <= code_spans(section(HTTP, "A job"))


# --- volunteers, sites, operators -----------------------------------------------------------------


def test_every_event_and_refusal_of_the_wire_has_its_place() -> None:
    page = text_of("docs/protocol.md")
    events = {**messages.VOLUNTEER_EVENTS, **messages.HUB_EVENTS, **messages.WATCH_EVENTS}
    for event in events:
        assert f"### `{event}`" in page
    assert set(messages.REFUSALS) <= code_spans(section("docs/protocol.md", "Refusals"))


def test_every_scope_of_tokens_is_described() -> None:
    assert set(SCOPES) == access.SCOPES
    assert "`trusted`" in section(HTTP, "Who may post")


def test_every_attribute_and_status_of_the_embed_is_described() -> None:
    loader = (ROOT / "static" / "openwebcompute.js").read_text(encoding="utf-8")
    frame = (ROOT / "static" / "frame.js").read_text(encoding="utf-8")
    described = code_spans(text_of("docs/embedding.md"))
    attributes = {f"data-{name}" for name in re.findall(r'options\["(\w+)"\]', loader)}
    attributes |= set(re.findall(r"^ \*   (data-\w+)", loader, re.MULTILINE))
    assert attributes <= described
    statuses = set(re.findall(r'(?:setStatus|let status =)\(?\s*"(\w+)"', loader))
    statuses |= set(re.findall(r'#(?:rest|embed\.status)\("(\w+)"\)', frame))
    types = (ROOT / "static" / "frame" / "types.d.ts").read_text(encoding="utf-8")
    phases = re.search(r"export type Phase =(.+?);", types, re.DOTALL)
    assert phases
    statuses |= set(re.findall(r'"(\w+)"', phases[1]))
    assert statuses <= described


def calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield node


def test_every_variable_that_is_named_exists() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    code = "".join(path.read_text(encoding="utf-8") for path in files() if path.suffix == ".py")
    for page in PAGES:
        for name in re.findall(r"\bOWC_[A-Z_]+\b", page.read_text(encoding="utf-8")):
            assert name in known or f'"{name}"' in code, f"{page.name}: {name}"
