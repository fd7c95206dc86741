"""Writes the tables of these pages that the code knows better: settings, codes, messages, commands.

    python docs/tables.py            (or: make docs)

Each table stands between two comments, `begin NAME` and `end NAME`; what is between them is
replaced. A test fails when a page is not what this writes.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import typing
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import UnionType

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent))

import click  # noqa: E402 - the path comes first
from pydantic import BaseModel  # noqa: E402

from jobspec.aggregates import AGGREGATES, AggregateFunction  # noqa: E402
from jobspec.aggregates.examples import COLUMNS, ROWS  # noqa: E402
from jobspec.functions.reference import BUILT_INS  # noqa: E402
from jobspec.problems import CODES  # noqa: E402
from jobspec.sql.functions import FORMS, OPERATORS, families  # noqa: E402
from jobspec.sql.functions.forms import Form  # noqa: E402
from jobspec.sql.functions.signature import STRICT, Function, Overload  # noqa: E402
from jobspec.types import ValueType  # noqa: E402
from owc.cli import COMMANDS, owc  # noqa: E402
from owc.settings import PREFIX, Settings  # noqa: E402
from owc.telemetry import EVENTS  # noqa: E402
from owc.web import messages  # noqa: E402

_BLOCK = re.compile(r"(<!-- begin (\w+) -->\n).*?(<!-- end \2 -->)", re.DOTALL)
_NAMED_TYPES = [
    (messages.Token, "token"),
    (messages.Id, "id"),
    (messages.Sha256, "SHA-256"),
    (messages.Count, "integer from 0"),
    (messages.Word, "word"),
    (messages.Sentence, "text (up to 500)"),
]
_PLAIN_TYPES: dict[object, str] = {
    str: "text",
    int: "integer",
    float: "number",
    bool: "boolean",
    bytes: "binary",
    type(None): "null",
}


def main() -> None:
    """Rewrite every page that has such tables."""
    for path in sorted(FOLDER.glob("*.md")):
        text = path.read_text()
        written = render(text)
        if written != text:
            path.write_text(written)


def render(text: str) -> str:
    """A page with its tables as they should be. Raises KeyError for a table of unknown name."""

    def replace(match: re.Match[str]) -> str:
        return match[1] + "\n".join(TABLES[match[2]]()) + "\n" + match[3]

    return _BLOCK.sub(replace, text)


def sql_operators() -> Iterator[str]:
    rows = {row.name: row for row in OPERATORS.values()}.values()
    return _table(_REFERENCE_HEAD, (_function(row, _operands(row)) for row in rows))


def sql_functions() -> Iterator[str]:
    for about, rows in families():
        yield about
        yield ""
        ordered = sorted(rows, key=lambda row: row.name)
        yield from _table(_REFERENCE_HEAD, (_function(row, _calls(row)) for row in ordered))
        yield ""


def sql_forms() -> Iterator[str]:
    rows = ((f"`{row.name}(...)`", _words(row)) for row in FORMS.values())
    return _table(("call", "gives"), rows)


def _recipe(path: Path) -> Iterator[str]:
    """A job of the cookbook, its functions as Python."""
    job = json.loads(path.read_text())
    functions = job.get("functions", {})
    for text in functions.values():
        yield from ("```python", *text.splitlines(), "```", "")
    shown = {name: f"def {name}(...): ..." for name in functions}
    written = json.dumps(job | ({"functions": shown} if shown else {}), ensure_ascii=False)
    yield from ("```json", *_wrapped(json.loads(written)).splitlines(), "```")
    yield ""
    yield f"[{path.name}](cookbook/{path.name})"


def _wrapped(value: object, indent: str = "") -> str:
    """JSON that breaks lines only where they would grow long."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(flat) < 100 or not isinstance(value, dict | list):
        return flat
    deeper = indent + "  "
    if isinstance(value, dict):
        parts = [f"{json.dumps(key)}: {_wrapped(part, deeper)}" for key, part in value.items()]
    else:
        parts = [_wrapped(part, deeper) for part in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n{deeper}" + f",\n{deeper}".join(parts) + f"\n{indent}{closing}"


def python_functions() -> Iterator[str]:
    rows = (
        (f"`{row.call}`", row.about, f"`{row.example}` is `{row.value}`")
        for row in sorted(BUILT_INS, key=lambda row: (row.name.startswith("math."), row.name))
    )
    return _table(("call", "gives", "example"), rows)


def settings() -> Iterator[str]:
    rows = (
        (f"`{PREFIX}{name.upper()}`", _default(field.default), field.description or "")
        for name, field in Settings.model_fields.items()
    )
    return _table(("variable", "default", ""), rows)


def problems() -> Iterator[str]:
    return _table(("code", "says"), ((f"`{code}`", says) for code, says in CODES.items()))


def events() -> Iterator[str]:
    rows = (
        (f"`{name}`", logging.getLevelName(event.level).lower(), event.says)
        for name, event in EVENTS.items()
    )
    return _table(("event", "level", "says"), rows)


def commands() -> Iterator[str]:
    context = click.Context(owc, info_name="owc")
    for name in sorted(COMMANDS):
        if command := owc.get_command(context, name):
            yield from _command(command, f"owc {name}")


def wire_to_hub() -> Iterator[str]:
    return _messages(messages.VOLUNTEER_EVENTS)


def wire_from_hub() -> Iterator[str]:
    return _messages(messages.HUB_EVENTS)


def wire_watch() -> Iterator[str]:
    return _messages(messages.WATCH_EVENTS)


def wire_parts() -> Iterator[str]:
    events = {*messages.VOLUNTEER_EVENTS.values(), *messages.HUB_EVENTS.values()}
    events |= {*messages.WATCH_EVENTS.values(), messages.Message}
    return _messages(
        {
            name: value
            for name, value in vars(messages).items()
            if isinstance(value, type) and issubclass(value, messages.Message)
            if value not in events
        }
    )


def refusals() -> Iterator[str]:
    return _table(
        ("code", "says"), ((f"`{code}`", says) for code, says in messages.REFUSALS.items())
    )


def aggregates() -> Iterator[str]:
    rows = {row.name: row for row in AGGREGATES.values()}
    return _table(("call", "gives", "example", "unlike DuckDB"), map(_aggregate, rows.values()))


def aggregate_rows() -> Iterator[str]:
    heads = [f"`{name}` {type_}" for name, type_ in COLUMNS.items()]
    return _table(
        heads,
        (["NULL" if row[name] is None else str(row[name]) for name in COLUMNS] for row in ROWS),
    )


TABLES: dict[str, Callable[[], Iterator[str]]] = {
    function.__name__: function
    for function in (
        settings,
        sql_operators,
        sql_functions,
        sql_forms,
        python_functions,
        problems,
        events,
        commands,
        wire_to_hub,
        wire_from_hub,
        wire_watch,
        wire_parts,
        refusals,
        aggregates,
        aggregate_rows,
    )
}
"""The tables by the name that stands in the pages."""

TABLES |= {
    f"cookbook_{path.stem.replace('-', '_')}": partial(_recipe, path)
    for path in sorted((FOLDER / "cookbook").glob("*.json"))
}


# --- rows -----------------------------------------------------------------------------------------

_REFERENCE_HEAD = ("takes", "type", "gives")


def _function(row: Function, takes: str) -> tuple[str, str, str]:
    return takes, ", ".join(dict.fromkeys(map(_gives, row.overloads))), _words(row)


def _calls(row: Function) -> str:
    calls = [f"`{row.name}({_arguments(one)})`" for one in row.overloads]
    also = [f"also `{alias}`" for alias in row.aliases]
    return "<br>".join((*dict.fromkeys(calls), *also))


def _operands(row: Function) -> str:
    written = []
    for one in row.overloads:
        nouns = [family.noun.removeprefix("a ").removeprefix("an ") for family in one.takes]
        first, *rest = nouns
        written.append(f"{first} `{row.name}` {rest[0]}" if rest else f"`{row.name}` {first}")
    return "<br>".join(dict.fromkeys(written))


def _arguments(overload: Overload) -> str:
    """The operands' kinds, those that may be left out in brackets."""
    nouns = [family.noun.removeprefix("a ").removeprefix("an ") for family in overload.takes]
    needed = len(nouns) - overload.optional
    text = ", ".join(nouns[:needed])
    for noun in nouns[needed:]:
        text += f"[, {noun}]" if text else f"[{noun}]"
    return text + (", ..." if overload.variadic else "")


def _gives(overload: Overload) -> str:
    if isinstance(overload.gives, ValueType):
        return f"{overload.gives}"
    return "that of the operands"


def _words(row: Function | Form) -> str:
    """What it gives, when that is NULL, examples, and how DuckDB differs."""
    parts = [row.about]
    if row.nulls != STRICT:
        parts.append(f"{row.nulls[0].upper()}{row.nulls[1:]}.")
    parts += [f"`{text}` is `{value}`." for text, value in row.examples]
    if row.differs:
        parts.append(f"*Unlike DuckDB: {row.differs}.*")
    return " ".join(parts)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"


def _aggregate(row: AggregateFunction) -> tuple[str, ...]:
    arguments = ["x", "key"][: len(row.takes)]
    if row.option is not None:
        arguments.append(row.option.name.lower())
    calls = [f"{name}({', '.join(arguments)})" for name in (row.name, *row.aliases)]
    if row.star:
        calls.insert(0, f"{row.name}(*)")
    example = ", ".join(f"`{text}` is `{value}`" for text, value in row.examples)
    return ", ".join(f"`{call}`" for call in calls), row.about, example, row.differs


def _default(value: object) -> str:
    if value is None or value == ():
        return ""
    # Underscores may stand in the variable too; ports are names rather than numbers.
    return f"`{value:_}`" if isinstance(value, int) and value > 10_000 else f"`{value}`"


def _command(command: click.Command, name: str) -> Iterator[str]:
    if isinstance(command, click.Group):
        for part in sorted(command.commands):
            yield from _command(command.commands[part], f"{name} {part}")
        return
    arguments = [
        part.make_metavar(click.Context(command))
        for part in command.params
        if isinstance(part, click.Argument)
    ]
    yield f"### `{' '.join([name, *arguments])}`"
    yield ""
    yield " ".join((command.help or "").split())
    options = [
        part for part in command.params if isinstance(part, click.Option) and not part.hidden
    ]
    if options:
        yield ""
        yield from _table(("option", ""), map(_option, options))
    yield ""


def _option(option: click.Option) -> tuple[str, str]:
    name, help_text = option.get_help_record(click.Context(click.Command("owc"))) or ("", "")
    return f"`{name}`", " ".join(help_text.split())


def _messages(models: dict[str, type[messages.Message]]) -> Iterator[str]:
    for name, model in models.items():
        yield f"### `{name}`"
        yield ""
        yield from (line.strip() for line in (model.__doc__ or "").strip().splitlines())
        hints = typing.get_type_hints(model, include_extras=True)
        if model.model_fields:
            yield ""
            rows = ((f"`{field}`", _type(hints[field])) for field in model.model_fields)
            yield from _table(("key", "value"), rows)
        yield ""


def _type(hint: object) -> str:
    for named, words in _NAMED_TYPES:
        if hint == named:
            return words
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _type(args[0]) + _bounds(args[1:])
    if origin in (typing.Union, UnionType):
        return " or ".join(map(_type, args))
    if origin is typing.Literal:
        return " or ".join(f'`"{value}"`' for value in args)
    if origin is list:
        return f"list of {_type(args[0])}"
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return f"[{hint.__name__}](#{hint.__name__.lower()})"
    return _PLAIN_TYPES[hint]


def _bounds(annotations: Sequence[object]) -> str:
    limits = [each for part in annotations for each in getattr(part, "metadata", ())]
    least = next((each.ge for each in limits if hasattr(each, "ge")), None)
    most = next((each.le for each in limits if hasattr(each, "le")), None)
    longest = next((each.max_length for each in limits if hasattr(each, "max_length")), None)
    if longest is not None:
        return f" (up to {longest:,})"
    if least is not None and most is not None:
        return f" ({least:,} to {most:,.0f})"
    return ""


if __name__ == "__main__":
    main()
