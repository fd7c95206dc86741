"""Runs a researcher's function in CPython, with integers that wrap at 64 bits.

Every variable that is read and every value that is returned passes through the classes below;
apart from wrapping, and from converting to float before `/` and before comparing with a float,
they do what `int` does.
"""

from __future__ import annotations

import ast
import math
import operator
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from jobspec.functions.syntax import NUMBERS
from jobspec.types import ValueType


class Wrapping(int):
    """A 64-bit integer; subclasses say which."""

    signed = True

    @classmethod
    def wrap(cls, value: int) -> Wrapping:
        value &= 2**64 - 1
        return cls(value - 2**64 if cls.signed and value >> 63 else value)


class I64(Wrapping):
    pass


class U64(Wrapping):
    signed = False


def _wrapped(name: str, *, reflected: bool = False) -> Callable[[Any, Any], Any]:
    function = getattr(operator, name)

    def method(self: Wrapping, other: Any) -> Any:
        if isinstance(other, float):
            left, right = float(self), other
            return function(right, left) if reflected else function(left, right)
        left, right = int(self), int(other)
        result = function(right, left) if reflected else function(left, right)
        return type(self).wrap(result)

    return method


def _compared(name: str) -> Callable[[Any, Any], Any]:
    function = getattr(operator, name)

    def method(self: Wrapping, other: Any) -> Any:
        if isinstance(other, float):
            return function(float(self), other)
        return function(int(self), int(other))

    return method


def _shift(self: Wrapping, count: Any, *, left: bool) -> Any:
    if count < 0:
        raise ValueError("negative shift count")
    if left:
        return type(self).wrap(int(self) << int(count) if count < 64 else 0)
    return type(self).wrap(int(self) >> min(int(count), 64))


for _name in ("add", "sub", "mul", "floordiv", "mod", "and", "or", "xor"):
    _plain = f"{_name}_" if _name in ("and", "or") else _name
    setattr(Wrapping, f"__{_name}__", _wrapped(_plain))
    setattr(Wrapping, f"__r{_name}__", _wrapped(_plain, reflected=True))
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Wrapping, f"__{_name}__", _compared(_name))
_OTHERS: dict[str, Callable[..., Any]] = {
    "__truediv__": lambda self, other: float(self) / float(other),
    "__rtruediv__": lambda self, other: float(other) / float(self),
    "__pow__": lambda self, other: type(self).wrap(int(self) ** int(other)),
    "__neg__": lambda self: type(self).wrap(-int(self)),
    "__invert__": lambda self: type(self).wrap(~int(self)),
    "__abs__": lambda self: type(self).wrap(abs(int(self))),
    "__pos__": lambda self: self,
    "__hash__": lambda self: hash(int(self)),
    "__lshift__": lambda self, count: _shift(self, count, left=True),
    "__rshift__": lambda self, count: _shift(self, count, left=False),
    "__rlshift__": lambda self, other: I64(other) << self,
    "__rrshift__": lambda self, other: I64(other) >> self,
}
for _name, _method in _OTHERS.items():
    setattr(Wrapping, _name, _method)


class RangeError(Exception):
    """A conversion whose target cannot hold the number."""


class DomainError(Exception):
    """A square root of a negative number."""


def convert(target: ValueType) -> Callable[[Any], Any]:
    """The conversion to a type: the number stays the same or RangeError is raised."""

    def apply(value: Any) -> Any:
        if target is ValueType.BOOL:
            return value != 0
        if target.is_float:
            return float(value)
        if isinstance(value, float) and not math.isfinite(value):
            raise RangeError
        value = int(value)
        if not target.minimum <= value <= target.maximum:
            raise RangeError
        return U64(value) if target is ValueType.U64 else I64(value)

    return apply


def _sqrt(value: Any) -> float:
    if value < 0:
        raise DomainError
    return math.sqrt(value)


def _int(value: Any) -> Any:
    return value if isinstance(value, Wrapping) else convert(ValueType.I64)(value)


_NAMES: dict[str, Any] = {
    **{member.value: convert(member) for member in NUMBERS},
    "sqrt": _sqrt,
    "int": _int,
    "math": type(
        "math",
        (),
        {
            "pi": math.pi,
            "sqrt": staticmethod(_sqrt),
            "floor": staticmethod(lambda x: _rounded(math.floor, x)),
            "ceil": staticmethod(lambda x: _rounded(math.ceil, x)),
        },
    ),
    "range": lambda *args: map(I64, range(*map(int, args))),
}


def _rounded(function: Callable[[float], int], value: Any) -> Any:
    if isinstance(value, int):
        return value
    if not math.isfinite(value):
        raise RangeError
    return convert(ValueType.I64)(function(value))


class _Reads(ast.NodeTransformer):
    """Makes what is read and returned 64-bit integers."""

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and node.id not in _NAMES and node.id != "range":
            return self._call("_read", node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        node.args = [self.visit(arg) for arg in node.args]
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        assert isinstance(node.target, ast.Name)
        read = ast.copy_location(ast.Name(node.target.id, ast.Load()), node)
        value = ast.copy_location(ast.BinOp(read, node.op, node.value), node)
        return self.visit(ast.copy_location(ast.Assign([node.target], value), node))

    def visit_Return(self, node: ast.Return) -> ast.AST:
        assert node.value is not None
        node.value = self._call("_result", self.visit(node.value))
        return node

    def _call(self, name: str, arg: ast.expr) -> ast.AST:
        call = ast.Call(ast.Name(name, ast.Load()), [arg], [])
        return ast.fix_missing_locations(ast.copy_location(call, arg))


def _read(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool | Wrapping):
        return I64(value)
    return value


CODES: Mapping[type[Exception], str] = {
    ZeroDivisionError: "division_by_zero",
    RangeError: "cast_overflow",
    DomainError: "math_domain",
}


def outcome(
    source: str, params: list[ValueType], result: ValueType, args: list[Any]
) -> tuple[str, Any]:
    """("value", number) or ("trap", (code, line)) of the one function in `source`."""
    tree = _Reads().visit(ast.parse(source))
    name = tree.body[0].name
    tree.body[0].returns = None
    for arg in tree.body[0].args.args:
        arg.annotation = None
    names = dict(_NAMES)
    names |= {"_read": _read, "_result": convert(result)}
    exec(compile(tree, "<function>", "exec"), names)
    given = [convert(param)(arg) for param, arg in zip(params, args, strict=True)]
    try:
        return "value", names[name](*given)
    except (ZeroDivisionError, RangeError, DomainError, ValueError) as error:
        frames = traceback.extract_tb(error.__traceback__)
        line = next(frame.lineno for frame in reversed(frames) if frame.filename == "<function>")
        if isinstance(error, ValueError):
            code = "negative_shift" if "shift" in str(error) else "range_step_zero"
        else:
            code = CODES[type(error)]
        return "trap", (code, line)
