"""Plugins: what one must be, that ours come through the door, that each is its reference."""

from __future__ import annotations

import sys
import tomllib
from importlib.metadata import EntryPoint, version
from pathlib import Path
from random import Random
from typing import Any

import pytest

from jobspec.errors import PluginError
from jobspec.plugin_code import check_plugin, check_plugins
from jobspec.plugins import (
    GROUP,
    TEXT_OR_BYTES,
    FunctionBody,
    KernelBody,
    Plugin,
    ValueType,
    WasmBody,
    load,
    plugin_packages,
    plugins,
)
from jobspec.sql import FUNCTIONS
from jobspec.sql.functions import installed
from jobspec.types import Column
from tests.jobspec.expressions import Expressions, Trapped

ROOT = Path(__file__).parents[2]
OURS = sorted(
    name for name, plugin in plugins().items() if plugin.reference.__module__[:8] == "jobspec."
)


def declared() -> dict[str, str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    points: dict[str, str] = project["entry-points"][GROUP]
    return points


def test_our_plugins_are_declared_like_anybodys_and_found_that_way() -> None:
    points = [EntryPoint(name, value, GROUP) for name, value in declared().items()]
    assert set(load(points)) == set(OURS)
    names = {"md5", "sha1", "sha256", "hmac_sha256", "pbkdf2_sha256", "encrypt", "decrypt"}
    assert names | {"hll_register", "hll_rank", "ddsketch_bucket"} <= set(OURS)


def test_the_packages_that_bring_plugins_are_named_with_their_versions() -> None:
    assert plugin_packages()["openwebcompute"] == version("openwebcompute")


def test_all_installed_plugins_compile_and_are_in_the_table_of_functions() -> None:
    check_plugins()
    assert set(plugins()) <= set(FUNCTIONS)


@pytest.mark.parametrize("name", [name for name in OURS if not plugins()[name].of_row])
def test_a_body_gives_what_its_reference_gives(name: str) -> None:
    plugin = plugins()[name]
    rng = Random(name)
    for types in zip(*(cycled(plugin.types(param)) for param, _ in plugin.params), strict=True):
        schema = tuple(Column(f"p{at}", type_) for at, type_ in enumerate(types))
        call = f"{name}({', '.join(column.name for column in schema)})"
        expressions = Expressions([call], schema)
        for _ in range(12):
            row = [value(rng, name, column.type, at) for at, column in enumerate(schema)]
            (found,) = expressions.run(row)
            assert not isinstance(found, Trapped), row
            assert repr(found) == repr(plugin.reference(*row)), row


def cycled(types: tuple[ValueType, ...]) -> tuple[ValueType, ...]:
    """The types of a parameter, twice; parameters with several types take turns."""
    return (*types, *types)[:2]


def value(rng: Random, name: str, type_: ValueType, at: int) -> Any:
    if name == "pbkdf2_sha256" and at >= 2:
        return rng.randint(1, 40)
    if name == "decrypt":
        return rng.randbytes(32) if at else rng.randbytes(24 + rng.randint(0, 80))
    match type_:
        case ValueType.STRING:
            return "".join(rng.choices("aé😀 \n", k=rng.randint(0, 30)))
        case ValueType.BINARY:
            return rng.randbytes(rng.randint(0, 90))
        case ValueType.F64:
            return rng.choice([0.0, -0.0, 1e300, -1e-300, rng.uniform(-9, 9)])
        case ValueType.U64:
            return rng.getrandbits(rng.choice([1, 20, 52, 64]))
    return rng.randint(-(2**40), 2**40)


# --- what a plugin must be ------------------------------------------------------------------------


def plugin(**changes: Any) -> Plugin:
    given: dict[str, Any] = {
        "name": "mine",
        "params": (("n", ValueType.I64),),
        "result": ValueType.I64,
        "body": FunctionBody(source="def mine(n: i64) -> i64:\n    return n + 1"),
        "reference": lambda n: n + 1,
        "about": "One more.",
    }
    return Plugin(**{**given, **changes})


def test_a_plugin_that_says_what_it_is_compiles() -> None:
    check_plugin(plugin())


KERNEL = "def mine_kernel(n: i64) -> i64:\n    return n + 1\n"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "Mine"}, "is no name"),
        ({"name": "x" * 64}, "is no name"),
        ({"about": ""}, "lacks its sentence"),
        ({"params": (("n", ValueType.I64), ("n", ValueType.I64))}, "distinct"),
        ({"params": (("n", (ValueType.I64, ValueType.F64)),)}, "carried alike"),
        ({"params": (("n", ValueType.STRING),)}, "only a kernel"),
        ({"result": ValueType.DATE}, "only a kernel"),
        ({"of_row": True}, "only a kernel"),
        ({"params": (("n", ValueType.I32),)}, "types that it says"),
        ({"params": ()}, "types that it says"),
        ({"result": ValueType.F64}, "types that it says"),
        ({"body": FunctionBody(source="def other(n: i64) -> i64: return n")}, "named other"),
        ({"body": FunctionBody(source="def mine(n: i64) -> i64: return m")}, "variable"),
        ({"body": KernelBody(source=KERNEL, function="mine_kernel")}, "has no function"),
        ({"body": WasmBody(wasm=b"nothing", export="f")}, "not valid"),
    ],
)
def test_what_cannot_be_a_plugin_is_refused_with_the_reason(
    changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(PluginError, match=words):
        check_plugin(plugin(**changes))


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
        ("PLUGINS = 5", "is not a Plugin"),
        ("PLUGINS = ['md5']", "is not a Plugin"),
        ("OTHER = 5", "has no attribute 'PLUGINS'"),
        ("from tests.jobspec.test_plugins import plugin\nPLUGINS = plugin(name='md5')", "two plug"),
        ("from tests.jobspec.test_plugins import plugin\nPLUGINS = plugin(about='')", "sentence"),
    ],
)
def test_an_entry_point_that_gives_no_plugin_is_named_with_the_reason(
    module: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bad_plugin.py").write_text(module)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "bad_plugin", raising=False)
    points = {**declared(), "zzz": "bad_plugin:PLUGINS"}
    with pytest.raises(PluginError, match=words) as caught:
        load([EntryPoint(name, value, GROUP) for name, value in points.items()])
    assert "zzz = bad_plugin:PLUGINS" in caught.value.message


def test_a_plugin_hides_no_function_of_the_language(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("abs", "coalesce", "sum"):
        row = installed.row_of(plugin(name=name))
        monkeypatch.setattr(installed, "rows", lambda row=row: (row,))
        with pytest.raises(PluginError, match=f"plugin {name} has the name"):
            len(type(FUNCTIONS)())


def test_texts_and_bytes_are_one_parameter() -> None:
    assert plugins()["md5"].types("value") == TEXT_OR_BYTES
