"""Plugins: functions that installed packages add to the language, this project's own among them.

`plugin` says what one is, `registry` finds them. `digests`, `ciphers` and `sketches` are ours,
found through the same entry points as anybody's; docs/plugins.md shows how to write one.
"""

from __future__ import annotations

from jobspec.plugins.plugin import (
    TEXT_OR_BYTES,
    FunctionBody,
    KernelBody,
    Plugin,
    WasmBody,
)
from jobspec.plugins.registry import GROUP, kernel_sources, load, plugin_packages, plugins
from jobspec.types import ValueType

__all__ = [
    "GROUP",
    "TEXT_OR_BYTES",
    "FunctionBody",
    "KernelBody",
    "Plugin",
    "ValueType",
    "WasmBody",
    "kernel_sources",
    "load",
    "plugin_packages",
    "plugins",
]
