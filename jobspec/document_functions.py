"""The functions of a job document: texts in restricted Python, and modules of WebAssembly."""

from __future__ import annotations

import base64
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Discriminator, Field, StrictStr, Tag

from jobspec.document_fields import Model, Name
from jobspec.document_rules.refusals import refusal
from jobspec.types import ValueType
from jobspec.wasm_functions import WasmFunction

NumberName = Literal["bool", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f32", "f64"]


def _check_base64(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        raise refusal(
            "bad_wasm", "the module's bytes are not written in base64", "base64 -w0 module.wasm"
        ) from None
    return text


class WasmModuleFunction(Model):
    """A function that was compiled to WebAssembly: the export of a module that imports nothing."""

    wasm: Annotated[
        StrictStr,
        AfterValidator(_check_base64),
        Field(min_length=1, json_schema_extra={"contentEncoding": "base64"}),
    ]
    """The module's bytes in base64."""
    export: Annotated[StrictStr, Field(min_length=1)]
    """The name of the exported function."""
    params: Annotated[list[NumberName], Field(max_length=32)] = Field([])
    """The types of its parameters."""
    result: NumberName
    """The type of its result."""

    def function(self) -> WasmFunction:
        """The same with the module's bytes."""
        return WasmFunction(
            wasm=base64.b64decode(self.wasm, validate=True),
            export=self.export,
            params=tuple((f"p{at}", ValueType(name)) for at, name in enumerate(self.params)),
            result=ValueType(self.result),
        )


def _kind(function: Any) -> str:
    return "module" if isinstance(function, dict | WasmModuleFunction) else "text"


FunctionEntry = Annotated[
    Annotated[StrictStr, Field(min_length=1), Tag("text")]
    | Annotated[WasmModuleFunction, Tag("module")],
    Discriminator(_kind),
]
Functions = dict[Name, FunctionEntry]
