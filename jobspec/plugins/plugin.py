"""What a plugin is: one more function of the language, its body, its words and its reference.

Not here: how plugins are found (`jobspec.plugins.registry`), how they get into SQL
(`jobspec.sql.functions`) and into programs (`jobspec.kernels`, `jobspec.wasm`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jobspec.errors import PluginError
from jobspec.types import ValueType

NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
TEXT_OR_BYTES = (ValueType.STRING, ValueType.BINARY)
"""The types of a parameter that only looks at bytes."""

_IN_FUNCTIONS = frozenset(
    ValueType(name)
    for name in ("bool", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f32", "f64")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionBody:
    """A body in the function language: one `def` of the plugin's name, checked like any other."""

    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelBody:
    """A body in the kernel language, for what needs texts, memory or speed. It is trusted.

    `source` holds `function` and what that calls; plugins may share one source. The names of all
    kernels are one name space, so begin yours with a word of your own.
    """

    source: str
    function: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WasmBody:
    """A body compiled elsewhere: the export of a module that imports nothing."""

    wasm: bytes
    export: str


Body = FunctionBody | KernelBody | WasmBody
Param = tuple[str, ValueType | tuple[ValueType, ...]]
"""A parameter's name and type, or the types that it may have, which are carried alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """One function that is added to the language.

    It is NULL where an argument is, and is not computed then. The same arguments must always give
    the same result. Raises PluginError for what cannot be a function of the language.
    """

    name: str
    """How SQL and functions call it: lower-case letters, digits and underscores."""
    params: tuple[Param, ...]
    result: ValueType
    body: Body
    reference: Callable[..., Any]
    """The same function in Python, which tests compare the body with; bytes for binary values."""
    about: str
    """One sentence for the reference."""
    examples: tuple[tuple[str, str], ...] = ()
    """SQL, and its result as text."""
    differs: str = ""
    """How it differs from DuckDB's function of that name."""
    refuses: str = ""
    """What the row's error says where the body traps with `invalid_argument`."""
    of_row: bool = False
    """Whether the result depends on the row, which makes calls with the same arguments differ.

    The body, a kernel's, then takes one i64 more, before the others: the number of the call, which
    no other call in the job has.
    """

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise PluginError(f"{self.name!r} is no name: it takes lower-case letters and digits")
        names = [name for name, _ in self.params]
        if len(set(names)) < len(names) or not all(map(NAME.fullmatch, names)):
            raise PluginError(
                f"{self.name}: the names of its parameters are not plain and distinct"
            )
        for name, _ in self.params:
            if len({type_.kind for type_ in self.types(name)}) != 1:
                raise PluginError(f"{self.name}: the types of {name} are not carried alike")
        if not self.about:
            raise PluginError(f"{self.name} lacks its sentence for the reference")
        if not isinstance(self.body, KernelBody) and not self.for_functions:
            raise PluginError(f"{self.name}: only a kernel takes texts, or depends on the row")

    @property
    def for_functions(self) -> bool:
        """Whether researchers' functions can call it, too: it takes and gives plain numbers."""
        types = (*(type_ for _, type_ in self.params), self.result)
        return not self.of_row and all(type_ in _IN_FUNCTIONS for type_ in types)

    def types(self, param: str) -> tuple[ValueType, ...]:
        """The types that a parameter may have."""
        types = dict(self.params)[param]
        return (types,) if isinstance(types, ValueType) else types
