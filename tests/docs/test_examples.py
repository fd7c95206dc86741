"""What the pages show can be done: documents compile, expressions have the values given,
commands parse, requests exist, the answer shown is the hub's."""

from __future__ import annotations

import ast
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

import jobspec
from owc.cli import owc
from owc.factory import create_app
from owc.settings import Settings
from tests.docs.pages import Block, blocks, section, text_of
from tests.jobspec.expressions import Trapped, evaluate

TESTED_ELSEWHERE = {"docs/plugins.md", "docs/cookbook.md"}
DOCUMENTS = tuple(
    block
    for block in blocks("json")
    if "source" in json.loads(block.text) and block.page not in TESTED_ELSEWHERE
)
VALUES = re.findall(r"`([^`]+)` is `([^`]+)`", section("docs/jobs.md", "Expressions"))


@pytest.mark.parametrize("block", DOCUMENTS, ids=str)
def test_job_documents_compile(block: Block) -> None:
    compiled = jobspec.check_document(block.text.encode())
    for name in compiled.document.functions:
        assert f"def fn_{name}(" in compiled.listing


FUNCTIONS = tuple(
    block
    for block in blocks("python")
    if block.text.startswith("def ") and block.page not in TESTED_ELSEWHERE
)


@pytest.mark.parametrize("block", FUNCTIONS, ids=str)
def test_the_functions_shown_compile(block: Block) -> None:
    name = block.text.removeprefix("def ").partition("(")[0]
    document = {
        "name": "The function shown",
        "source": {"range": {"n": [1, 10]}},
        "functions": {name: block.text},
    }
    compiled = jobspec.check_document(json.dumps(document).encode())
    assert f"def fn_{name}(" in compiled.listing


def test_functions_are_shown() -> None:
    assert len(FUNCTIONS) >= 3


def test_the_module_shown_compiles() -> None:
    (block,) = (block for block in blocks("json") if '"wasm"' in block.text)
    document = {
        "name": "The module shown",
        "source": {"range": {"n": [1, 10]}},
        "steps": [{"derive": {"mixed": "mix(n)"}}],
        **json.loads(block.text),
    }
    assert jobspec.check_document(json.dumps(document).encode()).plan.result[1].type == "i64"


@pytest.mark.parametrize(("expression", "value"), VALUES)
def test_expressions_have_the_value_that_is_shown(expression: str, value: str) -> None:
    if re.fullmatch(r"\w+_\w+", value):
        found = evaluate(expression)
        assert isinstance(found, Trapped)
        assert found.code == value
    else:
        expected = float(value) if value == "inf" else ast.literal_eval(value)
        found = evaluate(expression)
        assert (found, type(found)) == (expected, type(expected))


def test_many_expressions_are_shown_with_their_values() -> None:
    assert len(VALUES) > 20


def commands() -> Iterator[tuple[str, list[str]]]:
    for block in blocks("sh"):
        for line in block.text.splitlines():
            found = shlex.split(line, comments=True)
            if found:
                yield f"{block}: {line}", [word for word in found if word != "&"]


OWC = [pytest.param(found[1:], id=place) for place, found in commands() if found[0] == "owc"]
CURL = [pytest.param(found[1:], id=place) for place, found in commands() if found[0] == "curl"]


def test_every_other_command_is_known() -> None:
    others = {found[0] for _, found in commands()} - {"owc", "curl"}
    assert others <= {"cp", "gunicorn", "make", "rq", "rsync", "sqlite3"}


@pytest.mark.parametrize("arguments", OWC)
def test_commands_of_owc_parse(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("job.json", "prices.csv", "docs/cookbook/primes.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    command: click.Command = owc
    context = click.Context(owc)
    while isinstance(command, click.Group):
        name = arguments.pop(0)
        found = command.get_command(context, name)
        assert found is not None, name
        command = found
    with command.make_context(command.name or "", arguments, parent=context):
        pass


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Any:
    settings = Settings(data_folder=tmp_path_factory.mktemp("data"))
    return create_app(settings).test_client()


@pytest.mark.parametrize("arguments", CURL)
def test_requests_of_curl_exist(arguments: list[str], client: Any) -> None:
    address = next(each for each in arguments if each.startswith("http://127.0.0.1:8080"))
    method = "POST" if any(each in {"-d", "--data-binary"} for each in arguments) else "GET"
    if "-X" in arguments:
        method = arguments[arguments.index("-X") + 1]
    path = address.removeprefix("http://127.0.0.1:8080")
    endpoint, _ = client.application.url_map.bind("127.0.0.1").match(path, method=method)
    assert endpoint


def test_the_errors_that_are_shown_are_what_the_hub_answers(client: Any) -> None:
    (block,) = (each for each in blocks("json") if "problems" in json.loads(each.text))
    document = {
        "name": "x",
        "source": {"rows": [{"price": 1}]},
        "steps": [{"filter": "prise > 0"}],
    }
    answer = client.post("/check", json=document)
    assert answer.status_code == 400
    assert answer.get_json() == json.loads(block.text)


def test_a_makefile_target_shown_exists() -> None:
    makefile = text_of("Makefile")
    for place, found in commands():
        if found[0] == "make":
            assert re.search(rf"^{found[1]}:", makefile, re.MULTILINE), place


def test_the_python_names_of_the_layers_are_those_that_are_checked() -> None:
    layers = section("ARCHITECTURE.md", "Layers")
    contracts = re.findall(
        r"^layers = \[(.+?)^\]", text_of("pyproject.toml"), re.MULTILINE | re.DOTALL
    )
    (contract,) = (layers for layers in contracts if '"services"' in layers)
    for name in re.findall(r"\w+", contract):
        assert name == "__main__" or f"owc.{name}" in layers, name
