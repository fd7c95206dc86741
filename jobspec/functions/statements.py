"""Lowers the statements of one function, and follows which variables have a value where.

A variable has the type of its first assignment in the text. A bad statement is noted and skipped,
and what it would have assigned is taken as known, so that one mistake makes one problem.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field

from jobspec import ir
from jobspec.functions import arithmetic
from jobspec.functions.context import Context, Params, Refused, Value, truth
from jobspec.functions.conversions import assigned, passed, settle, widened
from jobspec.functions.expressions import Expressions
from jobspec.functions.ranges import Counted, counted_range
from jobspec.functions.syntax import KERNEL_TYPE_NAMES, TYPE_NAMES, is_none
from jobspec.ir import Expr, Get, GetGlobal, Set, Stmt
from jobspec.problems import near_miss
from jobspec.types import ValueType

LOCAL_TYPES = (ValueType.BOOL, ValueType.I64, ValueType.U64, ValueType.F64)
"""The types of a researcher's variables."""

LEFT_OUT: dict[type[ast.stmt], str] = {
    ast.FunctionDef: "functions inside functions",
    ast.AsyncFunctionDef: "async",
    ast.AsyncFor: "async",
    ast.AsyncWith: "async",
    ast.ClassDef: "classes",
    ast.Delete: "del",
    ast.With: "with",
    ast.Match: "match",
    ast.Raise: "raise",
    ast.Try: "try",
    ast.Assert: "assert",
    ast.Import: "import; math.sqrt, math.floor and math.ceil are there without it",
    ast.ImportFrom: "import; math.sqrt, math.floor and math.ceil are there without it",
    ast.Global: "global variables",
    ast.Nonlocal: "nonlocal variables",
}


@dataclass(slots=True)
class _Variable:
    type: ValueType
    line: int
    broken: bool = False
    """Its assignment was refused; reading it is refused without another problem."""


@dataclass(slots=True)
class _Loop:
    #: What is assigned at each `break`.
    breaks: list[set[str]] = field(default_factory=list)


class Statements:
    """Lowers one function's statements into the body of `ctx`."""

    def __init__(
        self, ctx: Context, params: Params, result: ValueType | None, node: ast.FunctionDef
    ) -> None:
        self.ctx = ctx
        self.result = result
        self.expressions = Expressions(ctx, self._read)
        self._variables: dict[str, _Variable] = {}
        self._loops: list[_Loop] = []
        self._globals: set[str] = set()
        self._stored = {
            part.id
            for part in ast.walk(node)
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
        }
        #: The variables that have a value here; None where the text cannot be reached.
        self._assigned: set[str] | None = set()
        for name, declared in params:
            value = widened(ctx, Get(name, declared.kind), declared)
            if value.expr.kind is not declared.kind:
                value = widened(ctx, Get(narrow_name(name), declared.kind), declared)
                ctx.body.add(Set(name, value.expr))
            self._variables[name] = _Variable(value.type, node.lineno)
            self._assigned.add(name)

    def function(self, node: ast.FunctionDef) -> None:
        self._block(node.body)
        if self._assigned is not None and self.result is not None:
            self.ctx.note(
                "missing_return",
                node,
                f"{node.name} can end without returning a value",
                "return one on every path",
            )

    # --- blocks -----------------------------------------------------------------------------------

    def _block(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            try:
                self._statement(statement)
            except Refused:
                self._assume(statement)

    def _collected(self, statements: Sequence[ast.stmt]) -> tuple[Stmt, ...]:
        with self.ctx.body.collect() as block:
            self._block(statements)
        return tuple(block)

    def _assume(self, statement: ast.stmt) -> None:
        """Go on after a refused statement as if it had done what it says."""
        if isinstance(statement, ast.Return):
            self._assigned = None
        for part in ast.walk(statement):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                unknown = _Variable(ValueType.I64, part.lineno, broken=True)
                self._variables.setdefault(part.id, unknown)
                if self._assigned is not None:
                    self._assigned.add(part.id)

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets, value):
                self._assign(targets, value, node)
            case ast.AugAssign():
                self._augmented(node)
            case ast.AnnAssign():
                self._annotated(node)
            case ast.If():
                self._if(node)
            case ast.While():
                self._while(node)
            case ast.For():
                self._for(node)
            case ast.Break() | ast.Continue():
                self._leave(node)
            case ast.Return():
                self._return(node)
            case ast.Pass() | ast.Expr(ast.Constant(str())):
                pass
            case ast.Expr(ast.Call() as call) if self.ctx.trusted:
                self._do(call)
            case ast.Global(names) if self.ctx.trusted:
                self._globals.update(names)
            case ast.Expr():
                raise self.ctx.refuse(
                    "unsupported_python",
                    node,
                    "a value is computed and not used",
                    "assign it, return it, or leave it out",
                )
            case _:
                what = LEFT_OUT.get(type(node), "this statement")
                raise self.ctx.refuse("unsupported_python", node, f"the language leaves out {what}")

    # --- variables --------------------------------------------------------------------------------

    def _read(self, node: ast.Name) -> Value:
        name = node.id
        if name in self._globals:
            return self._read_outside(node)
        variable = self._variables.get(name)
        if variable is not None and variable.broken:
            raise Refused(name)
        if name not in self._stored and variable is None:
            return self._read_outside(node)
        if self._assigned is not None and name not in self._assigned:
            raise self.ctx.refuse(
                "maybe_unassigned",
                node,
                f"{name} may have no value here",
                f"give {name} a value before, on every path",
            )
        if variable is None:  # only text that is never reached assigns it
            raise self.ctx.refuse("maybe_unassigned", node, f"{name} has no value here")
        return Value(variable.type, Get(name, variable.type.kind))

    def _read_outside(self, node: ast.Name) -> Value:
        if node.id in self.ctx.constants:
            return self.expressions.constant(self.ctx.constants[node.id], node)
        declared = self.ctx.globals.get(node.id)
        if declared is not None:
            return Value(declared, GetGlobal(node.id, declared.kind))
        raise self.ctx.refuse(
            "unknown_variable",
            node,
            f"there is no variable {node.id}",
            near_miss(node.id, self._variables),
        )

    def _write(self, target: ast.Name, value: Value, declared: ValueType | None = None) -> None:
        name = target.id
        if name in self._globals:
            kept = self.ctx.globals[name]
            expression = assigned(self.ctx, value, kept, target, name)
            self.ctx.body.add(ir.SetGlobal(name, expression))
            return
        if self.ctx.trusted and (name in self.ctx.globals or name in self.ctx.constants):
            raise self.ctx.refuse("unsupported_python", target, f"{name} lacks `global`")
        variable = self._variables.get(name)
        if variable is not None and variable.broken:
            return
        if variable is None:
            value = value if declared else settle(self.ctx, value, target)
            variable = _Variable(declared or value.type, target.lineno)
        what = f"variable {name}"
        if name in self._variables:
            what += f" (line {variable.line})"
        expression = assigned(self.ctx, value, variable.type, target, what)
        self._variables[name] = variable
        self.ctx.body.add(Set(name, expression))
        if self._assigned is not None:
            self._assigned.add(name)

    def _assign(self, targets: list[ast.expr], source: ast.expr, node: ast.Assign) -> None:
        if len(targets) == 1 and isinstance(targets[0], ast.Name):
            self._write(targets[0], self.expressions.value(source))
            return
        sources = source.elts if isinstance(source, ast.Tuple) else [source]
        values = [
            Value(value.type, self.ctx.body.temporary(value.expr), value.literal)
            for value in self.expressions.values(sources)
        ]
        for target in targets:
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            if len(names) != len(values):
                raise self.ctx.refuse(
                    "unsupported_python",
                    node,
                    f"{len(values)} values are assigned to {len(names)} variables",
                )
            for name, value in zip(names, values, strict=True):
                if not isinstance(name, ast.Name):
                    raise self._not_a_variable(name)
                self._write(name, value)

    def _augmented(self, node: ast.AugAssign) -> None:
        if not isinstance(node.target, ast.Name):
            raise self._not_a_variable(node.target)
        read = ast.copy_location(ast.Name(node.target.id, ast.Load()), node.target)
        left, right = self.expressions.values((read, node.value))
        self._write(node.target, arithmetic.binary(self.ctx, node.op, left, right, node))

    def _annotated(self, node: ast.AnnAssign) -> None:
        if not isinstance(node.target, ast.Name):
            raise self._not_a_variable(node.target)
        names = KERNEL_TYPE_NAMES if self.ctx.trusted else TYPE_NAMES
        text = ast.unparse(node.annotation)[:60]
        declared = names.get(text)
        if declared is None or not (self.ctx.trusted or declared in LOCAL_TYPES):
            hint = "u8(...) and the like check a number's range" if declared else ""
            allowed = ", ".join(names if self.ctx.trusted else LOCAL_TYPES)
            message = f"a variable's type is one of {allowed}, not {text}"
            raise self.ctx.refuse("unknown_type", node.annotation, message, hint)
        variable = self._variables.get(node.target.id)
        if variable is not None and variable.type is not declared and not variable.broken:
            message = f"{node.target.id} is {variable.type} since line {variable.line}"
            raise self.ctx.refuse("type_mismatch", node, message)
        if node.value is None:
            self._variables.setdefault(node.target.id, _Variable(declared, node.lineno))
        else:
            self._write(node.target, self.expressions.value(node.value), declared)

    def _not_a_variable(self, node: ast.AST) -> Refused:
        return self.ctx.refuse("unsupported_python", node, "only plain variables are assigned")

    # --- branches and loops -----------------------------------------------------------------------

    def _if(self, node: ast.If) -> None:
        condition = self._condition(node.test)
        before = self._assigned
        self._assigned = _copy(before)
        then = self._collected(node.body)
        after_then, self._assigned = self._assigned, _copy(before)
        otherwise = self._collected(node.orelse)
        self._assigned = _join(after_then, self._assigned)
        self.ctx.body.add(ir.If(condition, then, otherwise))

    def _while(self, node: ast.While) -> None:
        self._no_else(node)
        with self.ctx.body.collect() as checks:
            condition = self._condition(node.test)
        endless = isinstance(node.test, ast.Constant) and node.test.value is True
        before = _copy(self._assigned)
        body, loop = self._loop_body(node.body)
        after = None if endless else before
        self._assigned = _join(after, *loop.breaks)
        if checks:  # they are part of every round
            leave = ir.If(ir.Op("i32.eqz", (condition,)), (ir.Break(),))
            self.ctx.body.add(ir.While(truth(True), (*checks, leave, *body)))
        else:
            self.ctx.body.add(ir.While(condition, body))

    def _for(self, node: ast.For) -> None:
        self._no_else(node)
        if not isinstance(node.target, ast.Name):
            raise self._not_a_variable(node.target)
        counted: Counted | None = None
        try:
            counted = counted_range(self.ctx, self.expressions, node)
        except Refused:
            self._assume(ast.copy_location(ast.Expr(node.target), node))
        before = _copy(self._assigned)
        with self.ctx.body.collect() as first:
            if counted is not None:
                self._write(node.target, Value(counted.type, counted.current))
        body, loop = self._loop_body(node.body)
        self._assigned = _join(before, *loop.breaks)
        if counted is not None:
            self.ctx.body.add(ir.While(counted.condition, (*first, *body), counted.advance))

    def _loop_body(self, statements: Sequence[ast.stmt]) -> tuple[tuple[Stmt, ...], _Loop]:
        loop = _Loop()
        self._loops.append(loop)
        body = self._collected(statements)
        self._loops.pop()
        return body, loop

    def _leave(self, node: ast.Break | ast.Continue) -> None:
        is_break = isinstance(node, ast.Break)
        if not self._loops:
            word = "break" if is_break else "continue"
            raise self.ctx.refuse("python_syntax", node, f"{word} stands outside a loop")
        if is_break and self._assigned is not None:
            self._loops[-1].breaks.append(self._assigned)
        self._assigned = None
        self.ctx.body.add(ir.Break() if is_break else ir.Continue())

    def _no_else(self, node: ast.While | ast.For) -> None:
        if node.orelse:
            self.ctx.note(
                "unsupported_python", node.orelse[0], "the language leaves out `else` of loops"
            )

    def _condition(self, node: ast.expr) -> Expr:
        """A condition; a refused one is taken as true, so that the block is still checked."""
        try:
            return self.expressions.condition(node)
        except Refused:
            return truth(True)

    # --- the rest ---------------------------------------------------------------------------------

    def _return(self, node: ast.Return) -> None:
        if self.result is None:
            if node.value is not None and not is_none(node.value):
                raise self.ctx.refuse("type_mismatch", node, "the function has no result")
            self.ctx.body.add(ir.Return())
        else:
            if node.value is None or is_none(node.value):
                raise self.ctx.refuse(
                    "missing_return", node, f"the result is {self.result}, so return a value"
                )
            value = self.expressions.value(node.value)
            expression = passed(self.ctx, value, self.result, node.value, "the result")
            self.ctx.body.add(ir.Return(expression))
        self._assigned = None

    def _do(self, node: ast.Call) -> None:
        value = self.expressions.call(node)
        if value is not None:
            self.ctx.body.temporary(value.expr)
        elif isinstance(node.func, ast.Name) and node.func.id == "trap":
            self._assigned = None


def narrow_name(name: str) -> str:
    """The parameter that carries a number which the function computes with in 64 bits."""
    return f"{name}.narrow"


def _copy(names: set[str] | None) -> set[str] | None:
    return None if names is None else set(names)


def _join(*paths: set[str] | None) -> set[str] | None:
    """What has a value where several paths meet."""
    reached = [path for path in paths if path is not None]
    return set.intersection(*reached) if reached else None
