"""Words pydantic's errors as problems: code, JSON Pointer, message and hint.

Not here: the rules themselves (`jobspec.document`, `jobspec.document_rules`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jobspec.document_rules import keywords
from jobspec.document_rules.refusals import shown
from jobspec.problems import CODES, ProblemList, pointer
from jobspec.types import ValueType

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_EXPECTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "an object",
    "list_type": "a list",
    "model_type": "an object",
    "model_attributes_type": "an object",
}
"""pydantic's error types that complain of a JSON type, and what was expected."""

_OTHER_CODES = {
    "missing": "missing_key",
    "string_too_long": "too_long",
    "too_long": "too_long",
    "int_parsing_size": "number_out_of_range",
    "finite_number": "number_out_of_range",
}

_FORMS = {
    "aggregate": 'write {"name": "sum(x)"}',
    "by": 'write ["a", "b"]',
    "columns": 'write {"name": "i64"}',
    "derive": 'write {"name": "an expression"}',
    "distinct": 'write true or ["a", "b"]',
    "drop": 'write ["a", "b"]',
    "filter": "write one condition as a text; AND joins several",
    "functions": 'write {"name": "def name(...): ..."}',
    "limit": "write the number alone",
    "formats": 'write ["csv"]',
    "image": 'write {"x": "column", "y": "column", "value": "column"}',
    "npy": 'write {"value": "column", "axes": ["column"]}',
    "output": 'write ["csv"]',
    "params": 'write ["i64"]',
    "priority": "write the number alone",
    "range": 'write {"n": [start, stop]}',
    "rename": 'write {"old": "new"}',
    "rows": 'write [{"column": 1}, ...]',
    "shared": 'write {"name": {"values": [1, 2]}}',
    "select": 'write ["a", "b"]',
    "finish": 'write [{"filter": "..."}, ...]',
    "join": 'write {"table": "name", "on": {"column of the job": "column of the table"}}',
    "sort": 'write ["a desc", "b"]',
    "steps": 'write [{"filter": "..."}, ...]',
    "stop_when": "write one condition as a text; AND joins several",
    "trust": 'write "adaptive", or {"replicas": 2}, or {"verify": "a condition"}',
    "verify": "write one condition as a text; AND joins several",
    "values": "write [1, 2, 3], or [[1, 2], [3, 4]]",
}
"""The form of a key's value, said where it has another."""

_INSIDE_FORMS = {
    "aggregate": "write the call as a text, in double quotes",
    "derive": "write the expression as a text, in double quotes",
    "functions": "write the function as one text, lines joined by \\n",
    "params": 'write the name of a type, such as "i64"',
    "range": "write [start, stop] or [start, stop, step]",
    "rows": 'write {"column": 1}',
}
"""The form of what stands in such a value."""

_TYPE_NAMES = {
    **dict.fromkeys(("int", "integer", "int64", "long", "bigint"), ValueType.I64),
    **dict.fromkeys(("float", "double", "float64", "number", "real"), ValueType.F64),
    **dict.fromkeys(("str", "text", "varchar", "utf8", "object"), ValueType.STRING),
    **dict.fromkeys(("bytea", "blob", "bytes", "varbinary"), ValueType.BINARY),
    **dict.fromkeys(("datetime", "timestamptz", "datetime64"), ValueType.TIMESTAMP),
    "boolean": ValueType.BOOL,
}
"""What types are called elsewhere."""

_KNOWN_KEYS: dict[str, tuple[str, ...]] = {
    "image": ("x", "y", "value", "palette", "range", "r", "g", "b"),
    "npy": ("value", "axes"),
    "output": ("formats", "image", "npy"),
    "functions": ("wasm", "export", "params", "result"),
    "trust": ("verify", "replicas", "quorum", "spot_check"),
    "requires": ("memory_bytes", "score", "mobile"),
}


def add_problems(error: ValidationError, tree: Mapping[str, Any], problems: ProblemList) -> None:
    """Add each error of validating the document `tree`."""
    for details in error.errors(include_url=False):
        path = _path(details["loc"])
        code, message, hint = _wording(details, path, tree, problems)
        problems.add(code, pointer(*path), message, hint)


def _path(location: tuple[int | str, ...]) -> tuple[int | str, ...]:
    """pydantic's location without what is not in the document: union tags and key marks."""
    path = list(location)
    if path[:1] in (["source"], ["trust"], ["output"]):
        del path[1:2]
    elif path[:1] == ["functions"] and path[2:] != ["[key]"]:
        del path[2:3]
    elif path[:1] in (["steps"], ["finish"], ["shared"]) and path[2:] != ["[key]"]:
        del path[2:3]
        if path[2:3] == ["distinct"]:
            del path[3:4]
    if path[-1:] == ["[key]"]:
        path.pop()
    return tuple(path)


def _wording(
    details: ErrorDetails,
    path: tuple[int | str, ...],
    tree: Mapping[str, Any],
    problems: ProblemList,
) -> tuple[str, str, str]:
    kind, given = details["type"], details["input"]
    context = details.get("ctx", {})
    last = str(path[-1]) if path else ""
    if kind in CODES and "hint" in context:
        return kind, context["message"], context["hint"]
    if kind == "too_long":
        return kind, f"{last!r} has more than {context['max_length']} members", "take fewer"
    if kind == "missing":
        return "missing_key", f"{last!r} is missing", "add it"
    if kind == "extra_forbidden":
        return _unknown_key(path, tree, problems)
    if kind in _EXPECTED:
        message = f"{_EXPECTED[kind]} is expected here, not {_type_name(given)}"
        return "wrong_type", message, _form(path)
    if kind in {"enum", "literal_error"}:
        if kind == "enum":
            return (
                "unknown_type",
                f"there is no type {shown(str(given))}",
                _type_hint(str(given), problems),
            )
        return (
            "bad_value",
            f"{shown(str(given))} is not possible here",
            f"use {context.get('expected', 'another value')}",
        )
    if kind in {"too_short", "string_too_short"}:
        return "bad_value", f"{last!r} is empty", "put something in, or leave it out"
    if kind == "string_pattern_mismatch":
        hint = "use the 64 lower-case hexadecimal digits that POST /upload answered"
        return "bad_value", f"{shown(str(given))} is not a SHA-256", hint
    return _OTHER_CODES.get(kind, "bad_value"), _sentence(details["msg"]), ""


def _type_hint(given: str, problems: ProblemList) -> str:
    name = given.lower()
    if name.startswith(("decimal", "numeric", "money")):
        return "write 'decimal(p,s)': p digits in all, 1 to 18, s of them after the point"
    if name in _TYPE_NAMES:
        return f"write {_TYPE_NAMES[name].value!r}"
    return problems.near_miss(given, ValueType)


def _form(path: tuple[int | str, ...]) -> str:
    """How to write the value at a place; "" where that depends on more than the place."""
    last, before = path[-1:], path[-2:-1]
    if last and last[0] in _FORMS:
        return _FORMS[str(last[0])]
    return _INSIDE_FORMS.get(str(before[0]), "") if before else ""


def _unknown_key(
    path: tuple[int | str, ...], tree: Mapping[str, Any], problems: ProblemList
) -> tuple[str, str, str]:
    key = str(path[-1])
    if len(path) == 1:
        return (
            "unknown_key",
            f"a job has no key {shown(key)}",
            keywords.MEANT_MEMBERS.get(key) or problems.near_miss(key, keywords.MEMBERS),
        )
    if path[0] == "functions":
        message = f"a function of WebAssembly has no key {shown(key)}"
        return "unknown_key", message, problems.near_miss(key, _KNOWN_KEYS["functions"])
    owner: Any = tree
    for token in path[:-1]:
        owner = owner[token]
    names = (*keywords.SOURCES, *keywords.SHARED, *keywords.STEPS)
    keyword = next((name for name in names if name in owner), str(path[-2]))
    known = _KNOWN_KEYS.get(keyword, (keyword, *keywords.COMPANIONS.get(keyword, ())))
    message = f"{shown(key)} does not belong beside {keyword!r}"
    if keyword in _KNOWN_KEYS:
        message = f"{keyword!r} has no key {shown(key)}"
    return "unknown_key", message, problems.near_miss(key, [name for name in known if name != key])


def _type_name(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text {shown(value)}"
        case list():
            return "a list"
        case dict():
            return "an object"
    return type(value).__name__


def _sentence(message: str) -> str:
    return message[:1].lower() + message[1:]
