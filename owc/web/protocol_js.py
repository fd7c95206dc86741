"""Writes the wire's JavaScript side from `owc.web.messages`.

    python -m owc.web.protocol_js

writes `static/protocol.js`, the names of events, which browsers load, and `static/messages.d.ts`,
the types of messages, which only the type checker reads. A test fails when a stored file differs.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Mapping

from pydantic import BaseModel

from owc.assets import asset
from owc.web import messages

_SCALARS: dict[object, str] = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    bytes: "ArrayBuffer | Uint8Array",
    type(None): "null",
}


_HEAD = "// Generated from owc/web/messages.py by `python -m owc.web.protocol_js`."


def files() -> dict[str, str]:
    """The text of each file in `static/`, by its name."""
    return {"protocol.js": _names(), "messages.d.ts": _types()}


def _names() -> str:
    parts = [
        _HEAD,
        "",
        f"export const PROTOCOL = {messages.PROTOCOL};",
        f'export const VOLUNTEER_NAMESPACE = "{messages.VOLUNTEER_NAMESPACE}";',
        f'export const WATCH_NAMESPACE = "{messages.WATCH_NAMESPACE}";',
        "",
        *_constants("VolunteerEvent", "Events that a volunteer sends.", messages.VOLUNTEER_EVENTS),
        *_constants("HubEvent", "Events that the hub sends.", messages.HUB_EVENTS),
        *_constants("WatchEvent", "Events of the live pages.", messages.WATCH_EVENTS),
        *_constants("Refusal", "Codes of volunteer_refused.", messages.REFUSALS),
    ]
    return "\n".join(parts).rstrip() + "\n"


def _types() -> str:
    models = [
        model
        for model in vars(messages).values()
        if isinstance(model, type)
        and issubclass(model, messages.Message)
        and model is not messages.Message
    ]
    parts = [_HEAD, ""]
    for model in models:
        parts += _interface(model)
    return "\n".join(parts).rstrip() + "\n"


def _constants(name: str, about: str, names: Iterable[str] | Mapping[str, object]) -> list[str]:
    lines = [f"/** {about} */", f"export const {name} = Object.freeze({{"]
    lines += [f'  {word.upper()}: "{word}",' for word in names]
    return [*lines, "});", ""]


def _interface(model: type[BaseModel]) -> list[str]:
    summary = (model.__doc__ or "").strip().splitlines()[0]
    hints = typing.get_type_hints(model)
    fields = [f"  {name}: {_js_type(hints[name])};" for name in model.model_fields]
    return [f"/** {summary} */", f"export interface {model.__name__} {{", *fields, "}", ""]


def _js_type(hint: object) -> str:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return " | ".join(_js_type(argument) for argument in args)
    if origin is typing.Literal:
        return " | ".join(f'"{value}"' for value in args)
    if origin is list:
        inner = _js_type(args[0])
        return f"Array<{inner}>"
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return hint.__name__
    return _SCALARS[hint]


if __name__ == "__main__":
    for name, text in files().items():
        (asset("static") / name).write_text(text, encoding="utf-8")
