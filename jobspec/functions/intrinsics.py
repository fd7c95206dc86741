"""The functions of the kernel language that stand for instructions.

`jobspec.functions` documents them; this is the table that makes them.
"""

from __future__ import annotations

import ast
from functools import partial

from jobspec import ir
from jobspec.functions.builtins import ANY_NUMBER, Entry, absolute, convert, extreme
from jobspec.functions.context import Context, Value
from jobspec.functions.conversions import assigned, of_literal, settle, unify
from jobspec.ir import Choose, Const, Expr, Kind, Op
from jobspec.opcodes import OPERATORS
from jobspec.types import ValueType

I32, I64, F32, F64 = ValueType.I32, ValueType.I64, ValueType.F32, ValueType.F64
BOOL, STRING = ValueType.BOOL, ValueType.STRING

LOADS: dict[str, tuple[str, ValueType]] = {
    "load8u": ("i32.load8_u", I32),
    "load8s": ("i32.load8_s", I32),
    "load16u": ("i32.load16_u", I32),
    "load16s": ("i32.load16_s", I32),
    "load32": ("i32.load", I32),
    "load64": ("i64.load", I64),
    "loadf32": ("f32.load", F32),
    "loadf64": ("f64.load", F64),
    "load_string": ("i64.load", STRING),
}
STORES: dict[str, tuple[str, ValueType]] = {
    "store8": ("i32.store8", I32),
    "store16": ("i32.store16", I32),
    "store32": ("i32.store", I32),
    "store64": ("i64.store", I64),
    "storef32": ("f32.store", F32),
    "storef64": ("f64.store", F64),
    "store_string": ("i64.store", STRING),
}
REINTERPRETATIONS: dict[str, tuple[str, ValueType, ValueType]] = {
    "bits_of_f64": ("i64.reinterpret_f64", F64, I64),
    "f64_of_bits": ("f64.reinterpret_i64", I64, F64),
    "bits_of_f32": ("i32.reinterpret_f32", F32, I32),
    "f32_of_bits": ("f32.reinterpret_i32", I32, F32),
}
SIGN_EXTENSIONS: dict[str, int] = {"extend8": 8, "extend16": 16, "extend32": 32}
OF_INTEGERS = ("clz", "ctz", "popcnt")
OF_FLOATS = ("sqrt", "floor", "ceil", "trunc", "nearest")


def _same_kind(ctx: Context, value: Value, target: ValueType, node: ast.AST) -> Expr:
    """A value that the engine carries as `target` is carried: a u32 or a bool for an i32."""
    if value.literal is not None:
        return of_literal(ctx, value.literal, target, node)
    if value.type.kind is not target.kind:
        raise ctx.refuse("type_mismatch", node, f"{target} is needed, not {value.type}")
    return value.expr


def _offset(ctx: Context, values: list[Value], node: ast.AST) -> int:
    if not values:
        return 0
    offset = values[0].literal
    if offset is None or not 0 <= offset < 1 << 31:
        raise ctx.refuse("number_literal", node, "an offset is a literal from 0 on")
    return offset


def _load(name: str, ctx: Context, values: list[Value], node: ast.Call) -> Value:
    mnemonic, result = LOADS[name]
    address = _same_kind(ctx, values[0], I32, node)
    return Value(result, ir.Load(mnemonic, address, _offset(ctx, values[1:], node)))


def _store(name: str, ctx: Context, values: list[Value], node: ast.Call) -> None:
    mnemonic, stored = STORES[name]
    address = _same_kind(ctx, values[0], I32, node)
    value = _same_kind(ctx, values[1], stored, node)
    ctx.body.add(ir.Store(mnemonic, address, value, _offset(ctx, values[2:], node)))


def _reinterpret(name: str, ctx: Context, values: list[Value], node: ast.Call) -> Value:
    mnemonic, taken, result = REINTERPRETATIONS[name]
    return Value(result, Op(mnemonic, (_same_kind(ctx, values[0], taken, node),)))


def _extend(name: str, ctx: Context, values: list[Value], node: ast.Call) -> Value:
    value = settle(ctx, values[0], node)
    mnemonic = f"{value.type.kind}.extend{SIGN_EXTENSIONS[name]}_s"
    if mnemonic not in OPERATORS:
        raise ctx.refuse("type_mismatch", node, f"{name} does not take {value.type}")
    return Value(value.type, Op(mnemonic, (value.expr,)))


def _one_operand(name: str, ctx: Context, values: list[Value], node: ast.Call) -> Value:
    value = settle(ctx, values[0], node)
    mnemonic = f"{value.type.kind}.{name}"
    if not value.type.is_number or mnemonic not in OPERATORS:
        raise ctx.refuse("type_mismatch", node, f"{name} does not take {value.type}")
    return Value(value.type, Op(mnemonic, (value.expr,)))


def _two_operands(name: str, ctx: Context, values: list[Value], node: ast.Call) -> Value:
    common, a, b = unify(ctx, values[0], values[1], node)
    if name in ("div", "rem"):
        name += "_s" if common.is_signed else "_u"
    mnemonic = f"{common.kind}.{name}"
    if not common.is_number or mnemonic not in OPERATORS:
        raise ctx.refuse("type_mismatch", node, f"{name} does not take {common}")
    return Value(common, Op(mnemonic, (a, b)))


def _select(ctx: Context, values: list[Value], node: ast.Call) -> Value:
    condition = assigned(ctx, values[0], BOOL, node, "the condition")
    common, a, b = unify(ctx, values[1], values[2], node)
    return Value(common, Choose(condition, a, b))


def _memory_size(ctx: Context, values: list[Value], node: ast.Call) -> Value:
    del ctx, values, node
    return Value(I32, Op("memory.size", ()))


def _memory_grow(ctx: Context, values: list[Value], node: ast.Call) -> Value:
    return Value(I32, Op("memory.grow", (_same_kind(ctx, values[0], I32, node),)))


def _memory_copy(ctx: Context, values: list[Value], node: ast.Call) -> None:
    target, source, length = (_same_kind(ctx, value, I32, node) for value in values)
    ctx.body.add(ir.MemoryCopy(target, source, length))


def _memory_fill(ctx: Context, values: list[Value], node: ast.Call) -> None:
    target, byte, length = (_same_kind(ctx, value, I32, node) for value in values)
    ctx.body.add(ir.MemoryFill(target, byte, length))


def _string_pack(ctx: Context, values: list[Value], node: ast.Call) -> Value:
    address, length = (_same_kind(ctx, value, I32, node) for value in values)
    high = Op("i64.shl", (Op("i64.extend_i32_u", (length,)), Const(Kind.I64, 32)))
    return Value(STRING, Op("i64.or", (Op("i64.extend_i32_u", (address,)), high)))


def _string_ptr(ctx: Context, values: list[Value], node: ast.Call) -> Value:
    text = assigned(ctx, values[0], STRING, node, "the argument")
    return Value(I32, Op("i32.wrap_i64", (text,)))


def _string_len(ctx: Context, values: list[Value], node: ast.Call) -> Value:
    text = assigned(ctx, values[0], STRING, node, "the argument")
    return Value(I32, Op("i32.wrap_i64", (Op("i64.shr_u", (text, Const(Kind.I64, 32))),)))


def _trap(ctx: Context, values: list[Value], node: ast.Call) -> None:
    text = values[0].expr
    codes = [site.code for site in ir.STANDARD_TRAPS]
    if not isinstance(text, ir.Text) or text.value.decode() not in codes:
        raise ctx.refuse("type_mismatch", node, f"trap takes one of the texts {codes}")
    ctx.body.add(ir.Trap(codes.index(text.value.decode())))
    ctx.may_trap = True


TABLE: dict[str, Entry] = {
    **{name: (1, 2, partial(_load, name)) for name in LOADS},
    **{name: (2, 3, partial(_store, name)) for name in STORES},
    **{name: (1, 1, partial(_reinterpret, name)) for name in REINTERPRETATIONS},
    **{name: (1, 1, partial(_extend, name)) for name in SIGN_EXTENSIONS},
    **{name: (1, 1, partial(_one_operand, name)) for name in (*OF_INTEGERS, *OF_FLOATS)},
    **{name: (2, 2, partial(_two_operands, name)) for name in ("rotl", "rotr", "div", "rem")},
    **{
        name: (1, 1, partial(convert, ValueType(name)))
        for name in ("bool", "i32", "u32", "i64", "u64", "f32", "f64")
    },
    "copysign": (2, 2, partial(_two_operands, "copysign")),
    "abs": (1, 1, absolute),
    "min": (2, ANY_NUMBER, partial(extreme, ast.Lt())),
    "max": (2, ANY_NUMBER, partial(extreme, ast.Gt())),
    "select": (3, 3, _select),
    "memory_size": (0, 0, _memory_size),
    "memory_grow": (1, 1, _memory_grow),
    "memory_copy": (3, 3, _memory_copy),
    "memory_fill": (3, 3, _memory_fill),
    "string_pack": (2, 2, _string_pack),
    "string_ptr": (1, 1, _string_ptr),
    "string_len": (1, 1, _string_len),
    "trap": (1, 1, _trap),
}
"""Name -> least and most arguments, and what lowers a call."""
