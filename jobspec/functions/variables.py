"""The variables of one function: their types, and which have a value at the place at hand.

A variable has the type of its first assignment in the text. What a refused statement would have
assigned is taken as known, so that one mistake makes one problem.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from jobspec import ir
from jobspec.functions.arrays import Array, Sharing, fits, length_name, of_variable
from jobspec.functions.context import Context, Params, Refused, Value
from jobspec.functions.conversions import assigned, constant, settle, widened
from jobspec.ir import Get, GetGlobal, Set
from jobspec.types import ArrayType, ValueType


@dataclass(slots=True)
class Variable:
    type: ValueType | ArrayType
    line: int
    broken: bool = False
    """Its assignment was refused; reading it is refused without another problem."""


class Variables:
    """Reads and writes the names of one function."""

    def __init__(self, ctx: Context, params: Params, node: ast.FunctionDef) -> None:
        self.ctx = ctx
        self.globals: set[str] = set()
        self.sharing = Sharing()
        #: The variables that have a value here; None where the text cannot be reached.
        self.assigned: set[str] | None = {name for name, _ in params}
        self._known: dict[str, Variable] = {}
        self._scoped: dict[str, Value] = {}
        self._stored = {
            part.id
            for part in ast.walk(node)
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
        }
        for name, declared in params:
            self._known[name] = Variable(self._param(name, declared), node.lineno)

    def _param(self, name: str, declared: ValueType | ArrayType) -> ValueType | ArrayType:
        """The type of the variable; a number that is computed with in 64 bits is widened first."""
        if isinstance(declared, ArrayType):
            return declared
        value = widened(self.ctx, Get(name, declared.kind), declared)
        if value.expr.kind is not declared.kind:
            value = widened(self.ctx, Get(narrow_name(name), declared.kind), declared)
            self.ctx.body.add(Set(name, value.expr))
        return value.type

    def find(self, name: str) -> Variable | None:
        return self._known.get(name)

    # --- reading ----------------------------------------------------------------------------------

    def read(self, node: ast.Name) -> Value | Array:
        name = node.id
        if name in self._scoped:
            return self._scoped[name]
        if name in self.globals:
            return self._read_outside(node)
        variable = self._known.get(name)
        if variable is not None and variable.broken:
            raise Refused(name)
        if name not in self._stored and variable is None:
            return self._read_outside(node)
        if self.assigned is not None and name not in self.assigned:
            raise self.ctx.refuse(
                "maybe_unassigned",
                node,
                f"{name} may have no value here",
                f"give {name} a value before, on every path",
            )
        if variable is None:  # only text that is never reached assigns it
            raise self.ctx.refuse("maybe_unassigned", node, f"{name} has no value here")
        if isinstance(variable.type, ArrayType):
            return of_variable(name, variable.type)
        return Value(variable.type, Get(name, variable.type.kind))

    def _read_outside(self, node: ast.Name) -> Value:
        if node.id in self.ctx.constants:
            return constant(self.ctx, self.ctx.constants[node.id], node)
        declared = self.ctx.globals.get(node.id)
        if declared is not None:
            return Value(declared, GetGlobal(node.id, declared.kind))
        raise self.ctx.refuse(
            "unknown_variable",
            node,
            f"there is no variable {node.id}",
            self.ctx.near_miss(node.id, self._known),
        )

    @contextmanager
    def scoped(self, name: str, value: Value) -> Iterator[None]:
        """A name that stands for a value inside a comprehension only."""
        hidden = self._scoped.get(name)
        self._scoped[name] = value
        try:
            yield
        finally:
            del self._scoped[name]
            if hidden is not None:
                self._scoped[name] = hidden

    # --- writing ----------------------------------------------------------------------------------

    def write(self, target: ast.Name, value: Value, declared: ValueType | None = None) -> None:
        name = target.id
        if name in self.globals:
            kept = self.ctx.globals[name]
            expression = assigned(self.ctx, value, kept, target, name)
            self.ctx.body.add(ir.SetGlobal(name, expression))
            return
        if self.ctx.trusted and (name in self.ctx.globals or name in self.ctx.constants):
            raise self.ctx.refuse("unsupported_python", target, f"{name} lacks `global`")
        variable = self._known.get(name)
        if variable is not None and variable.broken:
            return
        if variable is None:
            value = value if declared else settle(self.ctx, value, target)
            variable = Variable(declared or value.type, target.lineno)
        if isinstance(variable.type, ArrayType):
            raise self.ctx.refuse(
                "type_mismatch",
                target,
                f"{self._described(name, variable)} is {variable.type}, not {value.type}",
                "give the number a name of its own, or assign an element: xs[0] = ...",
            )
        what = self._described(name, variable)
        expression = assigned(self.ctx, value, variable.type, target, what)
        self._set(name, variable, expression)

    def bind(self, target: ast.Name, array: Array) -> None:
        """Let a variable stand for an array, which is not copied."""
        name = target.id
        variable = self._known.get(name)
        if variable is not None and variable.broken:
            return
        if variable is None:
            variable = Variable(array.type, target.lineno)
        if not isinstance(variable.type, ArrayType) or not fits(array, variable.type):
            raise self.ctx.refuse(
                "type_mismatch",
                target,
                f"{self._described(name, variable)} is {variable.type}, not {array.type}",
                "give the other array a name of its own",
            )
        if array.root and array.root != name:
            self.sharing.assign(name, array.root)
        self._set(name, variable, array.address)
        for index, known in enumerate(variable.type.shape):
            if known is None:
                self.ctx.body.add(Set(length_name(name, index), array.lengths[index]))

    def _described(self, name: str, variable: Variable) -> str:
        return f"variable {name}" + (f" (line {variable.line})" if name in self._known else "")

    def _set(self, name: str, variable: Variable, expression: ir.Expr) -> None:
        self._known[name] = variable
        self.ctx.body.add(Set(name, expression))
        if self.assigned is not None:
            self.assigned.add(name)

    def declare(self, name: str, declared: ValueType, line: int) -> None:
        """Give a variable a type, and no value."""
        self._known.setdefault(name, Variable(declared, line))

    def assume(self, statement: ast.stmt) -> None:
        """Go on after a refused statement as if it had done what it says."""
        if isinstance(statement, ast.Return):
            self.assigned = None
        for part in ast.walk(statement):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                unknown = Variable(ValueType.I64, part.lineno, broken=True)
                self._known.setdefault(part.id, unknown)
                if self.assigned is not None:
                    self.assigned.add(part.id)


def narrow_name(name: str) -> str:
    """The parameter that carries a number which the function computes with in 64 bits."""
    return f"{name}.narrow"
