"""Rows of the function table for plugins: what is installed is called like what is built in.

A plugin's body is computed only where no operand is NULL. Not here: what a plugin is and how it
is found (`jobspec.plugins`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from jobspec import ir, kernels
from jobspec.plugins import KernelBody, Plugin, plugins
from jobspec.sql.functions.signature import Function, Lower, Operands, Overload, Takes
from jobspec.sql.typed import Typed
from jobspec.types import ValueType

_REFUSED = [site.code for site in ir.STANDARD_TRAPS].index("invalid_argument") + 1

_FAMILIES = {
    ValueType.BOOL: Takes.BOOL,
    ValueType.STRING: Takes.STRING,
    ValueType.BINARY: Takes.BINARY,
    ValueType.DATE: Takes.DATE,
    ValueType.TIMESTAMP: Takes.TIMESTAMP,
    ValueType.I64: Takes.COUNT,
    ValueType.F64: Takes.DOUBLE,
    ValueType.F32: Takes.FLOAT,
}


def rows() -> tuple[Function, ...]:
    """A row for each plugin that is installed. Raises PluginError."""
    return tuple(map(row_of, plugins().values()))


def row_of(plugin: Plugin) -> Function:
    """The row of one plugin; it has an overload for each choice of its parameters' types."""
    choices = product(*(plugin.types(name) for name, _ in plugin.params))
    return Function(
        name=plugin.name,
        overloads=tuple(_overload(plugin, types, number) for number, types in enumerate(choices)),
        about=plugin.about,
        examples=plugin.examples,
        differs=plugin.differs,
    )


def _overload(plugin: Plugin, types: Sequence[ValueType], number: int) -> Overload:
    takes = tuple(map(_family, types))
    exact = [family.type for family in takes] == list(types)

    def prepare(given: Sequence[Typed]) -> Sequence[ValueType]:
        del given
        return types

    return Overload(
        operation=f"plugin {plugin.name} {number}",
        takes=takes,
        gives=plugin.result,
        lower=_lowering(plugin),
        prepare=None if exact else prepare,
        numbered=plugin.of_row,
    )


def _family(type_: ValueType) -> Takes:
    if type_.is_decimal:
        return Takes.DECIMAL
    return _FAMILIES.get(type_, Takes.INTEGER)


def _lowering(plugin: Plugin) -> Lower:
    def lower(of: Operands) -> ir.Expr:
        valid = of.valid
        if valid is None:
            return _call(plugin, of)
        result = of.body.variable(plugin.result.kind)
        if plugin.result.kind is ir.Kind.I64 and plugin.result.is_bytes:
            of.body.add(ir.Set(result.name, ir.Text(b"")))
        with of.body.when(valid):
            of.body.add(ir.Set(result.name, _call(plugin, of)))
        return result

    return lower


def _call(plugin: Plugin, of: Operands) -> ir.Expr:
    """The body's result; where it refuses an argument, the row's error is in the plugin's words."""
    name = f"fn_{plugin.name}"
    may_trap = True
    if isinstance(plugin.body, KernelBody):
        name = plugin.body.function
        found = kernels.kernel(name)
        may_trap = found is None or found.may_trap
    arguments = tuple(value.value for value in of.values)
    result = of.body.temporary(ir.Call(name, arguments, plugin.result.kind))
    if may_trap:
        if plugin.refuses:
            refused = ir.Op(
                "i32.eq",
                (ir.GetGlobal("trap", ir.Kind.I32), ir.Const(ir.Kind.I32, _REFUSED)),
            )
            site = ir.TrapSite(code="invalid_argument", pointer=of.pointer, message=plugin.refuses)
            of.body.trap_if(refused, site)
        of.body.add(ir.TrapCheck())
    return result
