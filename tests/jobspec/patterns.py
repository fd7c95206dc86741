"""Runs the machines of patterns over texts in wasmtime, without SQL."""

from __future__ import annotations

from functools import cache
from typing import Any

from jobspec import kernels, regex
from tests.jobspec.running import Instance

KERNELS = ("heap_reset", "alloc", "re_matches", "re_extract", "re_replace")


@cache
def _instance() -> Instance:
    found = [kernels.function(name) for name in KERNELS]
    return Instance(*(item for item in found if item), memory_bytes=8 << 20)


def call(kernel: str, text: str, table: bytes, *rest: int | bytes) -> Any:
    """What a kernel gives for a text and a table; bytes are passed as texts."""
    instance = _instance()
    instance.call("heap_reset")
    arguments = [
        _packed(instance, given) if isinstance(given, bytes) else given
        for given in (text.encode(), table, *rest)
    ]
    return instance.call(kernel, *arguments)


def call_text(kernel: str, text: str, table: bytes, *rest: int | bytes) -> str:
    packed = call(kernel, text, table, *rest) % (1 << 64)
    instance = _instance()
    start, length = packed & 0xFFFFFFFF, packed >> 32
    return bytes(instance.memory.read(instance.store, start, start + length)).decode()


def _packed(instance: Instance, data: bytes) -> int:
    address = instance.call("alloc", len(data))
    instance.memory.write(instance.store, data, address)
    return len(data) << 32 | address


def matches(pattern: str, text: str, *, whole: bool = False, **flags: bool) -> bool:
    machine = regex.matches(pattern, regex.Flags(**flags), whole=whole)
    return bool(call("re_matches", text, machine.table))


def extract(pattern: str, text: str, group: int = 0, **flags: bool) -> str:
    machine = regex.find(pattern, regex.Flags(**flags), (group,))
    return call_text("re_extract", text, machine.table, *machine.registers[group])


def replace(pattern: str, text: str, instead: bytes, **flags: bool) -> str:
    """Every match replaced; a group stands in `instead` as 0xFF and its number."""
    groups = [instead[at + 1] for at, byte in enumerate(instead) if byte == 0xFF]
    machine = regex.find(pattern, regex.Flags(**flags), (0, *groups))
    written = bytearray()
    parts = iter(instead)
    for byte in parts:
        written.append(byte)
        if byte == 0xFF:
            written += bytes(machine.registers[next(parts)])
    return call_text("re_replace", text, machine.table, bytes(written), 1)
