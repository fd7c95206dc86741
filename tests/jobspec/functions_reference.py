"""Runs researchers' functions in CPython, with integers that wrap at 64 bits.

Every variable that is read and every value that is returned passes through the classes below;
apart from wrapping, and from converting to float before `/` and before comparing with a float,
they do what `int` does. Arrays are lists whose elements have one type, and whose indexes are not
negative.
"""

from __future__ import annotations

import ast
import ctypes
import math
import operator
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from jobspec.functions import CompiledFunction
from jobspec.functions.syntax import NUMBERS
from jobspec.types import ArrayType, ValueType


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
            return float(value) if target is ValueType.F64 else ctypes.c_float(value).value
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


class Array(list[Any]):
    """An array or a row of one; `keep` is what is done with an element that is stored."""

    keep: Callable[[Any], Any]

    @classmethod
    def of(cls, elements: list[Any], declared: ValueType | None = None) -> Array:
        array = cls(elements)
        if any(isinstance(element, Array) for element in elements):
            return array
        array.keep = _keeper(elements) if declared is None else convert(declared)
        array[:] = map(array.keep, elements)
        return array

    def __mul__(self, count: Any) -> Array:
        array = Array(list(self) * int(count))
        array.keep = self.keep
        return array

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, tuple):
            row = self
            for number in index:
                row = row[number]
            return row
        return super().__getitem__(self._inside(index))

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            super().__setitem__(index, value)
        elif isinstance(index, tuple):
            self[index[:-1]][index[-1]] = value
        else:
            super().__setitem__(self._inside(index), self.keep(value))

    def _inside(self, index: int) -> int:
        if not 0 <= index < len(self):
            raise IndexError
        return int(index)


def _keeper(elements: list[Any]) -> Callable[[Any], Any]:
    if any(isinstance(element, float) for element in elements):
        return float
    if any(isinstance(element, U64) for element in elements):
        return U64.wrap
    return _read


def _int(value: Any) -> Any:
    return value if isinstance(value, Wrapping) else convert(ValueType.I64)(value)


def _isqrt(value: int) -> Any:
    if value < 0:
        raise DomainError
    return I64(math.isqrt(value))


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
            "trunc": staticmethod(lambda x: _rounded(math.trunc, x)),
            "fabs": staticmethod(math.fabs),
            "copysign": staticmethod(math.copysign),
            "isfinite": staticmethod(math.isfinite),
            "isqrt": staticmethod(_isqrt),
            "gcd": staticmethod(lambda a, b: I64.wrap(math.gcd(a, b))),
        },
    ),
    "round": lambda x: _rounded(round, x),
    "len": lambda array: I64(list.__len__(array)),
    "divmod": lambda a, b: (a // b, a % b),
    "_array": Array.of,
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

    def __init__(self, name: str) -> None:
        self.name = name

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and node.id not in _NAMES and node.id != "range":
            return self._call("_read", node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        node.args = [self.visit(arg) for arg in node.args]
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        if not isinstance(node.target, ast.Name):
            return self.generic_visit(node)
        read = ast.copy_location(ast.Name(node.target.id, ast.Load()), node)
        value = ast.copy_location(ast.BinOp(read, node.op, node.value), node)
        return self.visit(ast.copy_location(ast.Assign([node.target], value), node))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """Only arrays are annotated here."""
        assert isinstance(node.annotation, ast.Subscript)
        assert isinstance(node.annotation.value, ast.Name)
        assert node.value is not None
        kind = ast.Constant(node.annotation.value.id)
        call = ast.Call(ast.Name("_declared", ast.Load()), [self.visit(node.value), kind], [])
        assigned = ast.Assign([node.target], ast.copy_location(call, node))
        return ast.fix_missing_locations(ast.copy_location(assigned, node))

    def visit_List(self, node: ast.List) -> ast.AST:
        return self._call("_array", self.generic_visit(node))

    def visit_ListComp(self, node: ast.ListComp) -> ast.AST:
        return self._call("_array", self.generic_visit(node))

    def visit_Return(self, node: ast.Return) -> ast.AST:
        if node.value is not None:
            node.value = self._call(f"_return_{self.name}", self.visit(node.value))
        return node

    def _call(self, name: str, arg: Any) -> ast.AST:
        call = ast.Call(ast.Name(name, ast.Load()), [arg], [])
        return ast.fix_missing_locations(ast.copy_location(call, arg))


def _declared(array: Array, element: str) -> Array:
    return Array.of(list(array), ValueType(element))


def _read(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool | Wrapping):
        return I64(value)
    return value


CODES: Mapping[type[Exception], str] = {
    ZeroDivisionError: "division_by_zero",
    RangeError: "cast_overflow",
    DomainError: "math_domain",
    IndexError: "index_out_of_range",
}


class Reference:
    """The functions of one document in CPython."""

    def __init__(
        self, compiled: Mapping[str, CompiledFunction], sources: Mapping[str, str]
    ) -> None:
        self._names = dict(_NAMES) | {"_read": _read, "_declared": _declared}
        for name, source in sources.items():
            tree = _Reads(name).visit(ast.parse(source))
            tree.body[0].returns = None
            for arg in tree.body[0].args.args:
                arg.annotation = None
            exec(compile(tree, f"<{name}>", "exec"), self._names)
            self._names[name] = _called(compiled[name], self._names[name])
            self._names[f"_return_{name}"] = _returned(compiled[name])
        self._files = {f"<{name}>" for name in sources}

    def outcome(self, name: str, args: list[Any]) -> tuple[str, Any]:
        """("value", number) or ("trap", (code, function, line)) of a call."""
        try:
            return "value", self._names[name](*args)
        except (ZeroDivisionError, RangeError, DomainError, IndexError, ValueError) as error:
            frames = reversed(traceback.extract_tb(error.__traceback__))
            frame = next(frame for frame in frames if frame.filename in self._files)
            if isinstance(error, ValueError):
                code = "negative_shift" if "shift" in str(error) else "range_step_zero"
            else:
                code = CODES[type(error)]
            return "trap", (code, frame.filename[1:-1], frame.lineno)


def _called(function: CompiledFunction, body: Callable[..., Any]) -> Callable[..., Any]:
    """The function with its arguments converted; what they cannot be is the caller's fault."""

    def call(*args: Any) -> Any:
        given = [
            arg if isinstance(declared, ArrayType) else convert(declared)(arg)
            for (_, declared), arg in zip(function.params, args, strict=True)
        ]
        return body(*given)

    return call


def _returned(function: CompiledFunction) -> Callable[[Any], Any]:
    """What a `return` makes of its value."""
    results = function.results

    def apply(value: Any) -> Any:
        if len(results) == 1:
            return convert(results[0])(value)
        return tuple(convert(kind)(part) for kind, part in zip(results, value, strict=True))

    return apply
