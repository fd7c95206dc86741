"""Lowers assignments: to variables and to elements, of numbers, arrays and several at once.

As in Python, what is assigned is computed first, then the targets from left to right.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from jobspec.functions import arithmetic, arrays, displays
from jobspec.functions.arrays import Array
from jobspec.functions.context import Context, Refused, Value
from jobspec.functions.expressions import Expressions
from jobspec.functions.syntax import KERNEL_TYPE_NAMES, TYPE_NAMES, array_type
from jobspec.functions.variables import Variables
from jobspec.types import ArrayType, ValueType

LOCAL_TYPES = (ValueType.BOOL, ValueType.I64, ValueType.U64, ValueType.F64)
"""The types of a researcher's variables."""


class Assignments:
    """Lowers the assignments of one function."""

    def __init__(self, ctx: Context, variables: Variables, expressions: Expressions) -> None:
        self.ctx = ctx
        self.variables = variables
        self.expressions = expressions
        #: The array variables that loops around the statement at hand go over.
        self.iterated: list[str] = []

    # --- = ----------------------------------------------------------------------------------------

    def assign(self, node: ast.Assign, *, in_loop: bool) -> None:
        target, source = node.targets[0], node.value
        if in_loop:
            self._check_remaking(node)
        if len(node.targets) > 1 or isinstance(target, ast.Tuple):
            self._several(node)
        elif isinstance(target, ast.Name):
            self._store(target, self.expressions.operand(source))
        else:
            given = self.expressions.value(source)
            with self.ctx.body.collect() as block:
                place = self._element(target)
            if block:
                given = self.expressions.held(given)
                self.ctx.body.add(*block)
            arrays.store(self.ctx, place, given, target)

    def _several(self, node: ast.Assign) -> None:
        given: list[Value | Array]
        if isinstance(node.value, ast.Tuple):
            given = self.expressions.operands(node.value.elts)
        elif isinstance(node.value, ast.Call):
            given = list(self.expressions.call(node.value))
        else:
            given = [self.expressions.operand(node.value)]
        given = [self._pinned(item) for item in given]
        for target in node.targets:
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            if len(names) != len(given):
                raise self.ctx.refuse(
                    "unsupported_python",
                    node,
                    f"{len(given)} values are assigned to {len(names)} variables",
                )
            for name, item in zip(names, given, strict=True):
                self._store(name, item)

    def _pinned(self, item: Value | Array) -> Value | Array:
        if isinstance(item, Array):
            return arrays.pinned(self.ctx, item)
        return Value(item.type, self.ctx.body.temporary(item.expr), item.literal)

    def _store(self, target: ast.expr, item: Value | Array) -> None:
        if isinstance(target, ast.Name):
            if isinstance(item, Value):
                self.variables.write(target, item)
            else:
                self.variables.bind(target, arrays.pinned(self.ctx, item))
        else:
            place = self._element(target)
            arrays.store(self.ctx, place, self.expressions.number(item, target), target)

    def _element(self, target: ast.expr) -> Array:
        """Where an element lies that is assigned."""
        if not isinstance(target, ast.Subscript):
            raise self.not_a_variable(target)
        place = self.expressions.place(target)
        if place.type.shape:
            message = f"rows are not assigned: this one is {place.type}"
            raise self.ctx.refuse("type_mismatch", target, message, "assign its elements in a loop")
        self.variables.sharing.write(place.root)
        return place

    def _check_remaking(self, node: ast.Assign | ast.AnnAssign) -> None:
        """An array made in a loop lies where that of the round before lay."""
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if node.value is None:
            return
        made = {
            part.id
            for target in targets
            for part, source in zip(_parts(target), _parts(node.value), strict=False)
            if isinstance(part, ast.Name) and displays.is_display(source)
        }
        is_flat = displays.is_display(node.value) and displays.is_flat(node.value)
        for part in () if is_flat or not made else ast.walk(node.value):
            if isinstance(part, ast.Name) and part.id in made:
                raise self.ctx.refuse(
                    "unsupported_python",
                    part,
                    f"{part.id} is made anew from itself in each round",
                    "make a second array before the loop, and fill it here",
                )
        for name in sorted(made):
            if name in self.iterated:
                raise self.ctx.refuse(
                    "unsupported_python",
                    node,
                    f"{name} is made anew while a loop goes over it",
                    "give the new array a name of its own",
                )
            self.variables.sharing.remake(name, node)
            if len(targets) > 1:
                self.variables.sharing.assign(name, "")

    # --- +=, and annotated ------------------------------------------------------------------------

    def augmented(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Subscript):
            place = arrays.pinned(self.ctx, self._element(node.target))
            left: Value = arrays.load(self.ctx, place)
            with self.ctx.body.collect() as block:
                right = self.expressions.value(node.value)
            if block:
                left = self.expressions.held(left)
                self.ctx.body.add(*block)
            value = arithmetic.binary(self.ctx, node.op, left, right, node)
            arrays.store(self.ctx, place, value, node)
            return
        if not isinstance(node.target, ast.Name):
            raise self.not_a_variable(node.target)
        read = ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target)
        left, right = self.expressions.values((read, node.value))
        self.variables.write(node.target, arithmetic.binary(self.ctx, node.op, left, right, node))

    def annotated(self, node: ast.AnnAssign, *, in_loop: bool) -> None:
        if not isinstance(node.target, ast.Name):
            raise self.not_a_variable(node.target)
        array = None if self.ctx.trusted else array_type(node.annotation)
        if array is not None:
            if in_loop:
                self._check_remaking(node)
            self._annotated_array(node, node.target, array)
            return
        declared = self._scalar(node.annotation)
        variable = self.variables.find(node.target.id)
        if variable is not None and variable.type is not declared and not variable.broken:
            message = f"{node.target.id} is {variable.type} since line {variable.line}"
            raise self.ctx.refuse("type_mismatch", node, message)
        if node.value is None:
            self.variables.declare(node.target.id, declared, node.lineno)
        else:
            self.variables.write(node.target, self.expressions.value(node.value), declared)

    def _scalar(self, annotation: ast.expr) -> ValueType:
        names = KERNEL_TYPE_NAMES if self.ctx.trusted else TYPE_NAMES
        text = ast.unparse(annotation)[:60]
        declared = names.get(text)
        if declared is None or not (self.ctx.trusted or declared in LOCAL_TYPES):
            hint = "u8(...) and the like check a number's range" if declared else ""
            allowed = ", ".join(names if self.ctx.trusted else LOCAL_TYPES)
            message = f"a variable's type is one of {allowed}, not {text}"
            raise self.ctx.refuse("unknown_type", annotation, message, hint)
        return declared

    def _annotated_array(self, node: ast.AnnAssign, target: ast.Name, declared: ArrayType) -> None:
        if node.value is None or not displays.is_display(node.value):
            raise self.ctx.refuse(
                "unsupported_python",
                node,
                "an array's type is written where it is made",
                f"{target.id}: {declared} = [0] * 10, say",
            )
        display = displays.read(self.expressions, node.value)
        array = displays.make(self.ctx, display, node.value, declared)
        self.variables.bind(target, array)

    def not_a_variable(self, node: ast.AST) -> Refused:
        return self.ctx.refuse(
            "unsupported_python", node, "only plain variables and elements are assigned"
        )


def _parts(node: ast.expr) -> Sequence[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple) else [node]
