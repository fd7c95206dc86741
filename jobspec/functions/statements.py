"""Lowers the statements of one function, and follows which variables have a value where.

A bad statement is noted and skipped, so that one mistake makes one problem.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field

from jobspec import ir
from jobspec.functions.arrays import Array
from jobspec.functions.assignments import Assignments
from jobspec.functions.calls import callee_of
from jobspec.functions.context import (
    RESULT_BYTES,
    Context,
    Params,
    Refused,
    Results,
    Value,
    further_memory,
    truth,
)
from jobspec.functions.conversions import passed
from jobspec.functions.expressions import Expressions
from jobspec.functions.ranges import Counted, counted_range, over_elements
from jobspec.functions.syntax import is_none
from jobspec.functions.variables import Variables
from jobspec.ir import Expr, Stmt
from jobspec.types import ArrayType

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
class _Loop:
    #: What is assigned at each `break`.
    breaks: list[set[str]] = field(default_factory=list)


class Statements:
    """Lowers one function's statements into the body of `ctx`."""

    def __init__(
        self, ctx: Context, params: Params, results: Results, node: ast.FunctionDef
    ) -> None:
        self.ctx = ctx
        self.results = results
        self.variables = Variables(ctx, params, node)
        self.expressions = Expressions(ctx, self.variables)
        self._assignments = Assignments(ctx, self.variables, self.expressions)
        self._loops: list[_Loop] = []

    def function(self, node: ast.FunctionDef) -> frozenset[str]:
        """Lower the whole function; the array parameters that it may write to."""
        self._block(node.body)
        if self.variables.assigned is not None and self.results:
            self.ctx.note(
                "missing_return",
                node,
                f"{node.name} can end without returning a value",
                "return one on every path",
            )
        self.variables.sharing.check(self.ctx)
        args = node.args
        return self.variables.sharing.written(arg.arg for arg in (*args.posonlyargs, *args.args))

    # --- blocks -----------------------------------------------------------------------------------

    def _block(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            try:
                self._statement(statement)
            except Refused:
                self.variables.assume(statement)

    def _collected(self, statements: Sequence[ast.stmt]) -> tuple[Stmt, ...]:
        with self.ctx.body.collect() as block:
            self._block(statements)
        return tuple(block)

    def _statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign():
                self._assignments.assign(node, in_loop=bool(self._loops))
            case ast.AugAssign():
                self._assignments.augmented(node)
            case ast.AnnAssign():
                self._assignments.annotated(node, in_loop=bool(self._loops))
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
            case ast.Expr(ast.Call() as call) if self.ctx.trusted or self._acts(call):
                self._do(call)
            case ast.Global(names) if self.ctx.trusted:
                self.variables.globals.update(names)
            case ast.Expr(ast.Call(ast.Attribute(ast.Name(owner), method))) if owner != "math":
                raise self.ctx.refuse(
                    "unsupported_python",
                    node,
                    f"the language leaves out methods, such as .{method}",
                    "arrays have a fixed length: [0] * 100, and count what is filled",
                )
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

    # --- branches and loops -----------------------------------------------------------------------

    def _if(self, node: ast.If) -> None:
        condition = self._condition(node.test)
        before = self.variables.assigned
        self.variables.assigned = _copy(before)
        then = self._collected(node.body)
        after_then, self.variables.assigned = self.variables.assigned, _copy(before)
        otherwise = self._collected(node.orelse)
        self.variables.assigned = _join(after_then, self.variables.assigned)
        self.ctx.body.add(ir.If(condition, then, otherwise))

    def _while(self, node: ast.While) -> None:
        self._no_else(node)
        with self.ctx.body.collect() as checks:
            condition = self._condition(node.test)
        endless = isinstance(node.test, ast.Constant) and node.test.value is True
        before = _copy(self.variables.assigned)
        body, loop = self._loop_body(node.body)
        after = None if endless else before
        self.variables.assigned = _join(after, *loop.breaks)
        if checks:  # they are part of every round
            leave = ir.If(ir.Op("i32.eqz", (condition,)), (ir.Break(),))
            self.ctx.body.add(ir.While(truth(True), (*checks, leave, *body)))
        else:
            self.ctx.body.add(ir.While(condition, body))

    def _for(self, node: ast.For) -> None:
        self._no_else(node)
        if not isinstance(node.target, ast.Name):
            raise self._assignments.not_a_variable(node.target)
        counted: Counted | None = None
        try:
            counted = self._counted(node.iter)
        except Refused:
            self.variables.assume(ast.copy_location(ast.Expr(node.target), node))
        before = _copy(self.variables.assigned)
        with self.ctx.body.collect() as first:
            if counted is not None:
                self.variables.write(node.target, Value(counted.type, counted.current))
        # Only in a further loop can the array be one that this very body has made.
        self._assignments.iterated.append(counted.over if counted and self._loops else "")
        body, loop = self._loop_body(node.body)
        self._assignments.iterated.pop()
        self.variables.assigned = _join(before, *loop.breaks)
        if counted is not None:
            self.ctx.body.add(ir.While(counted.condition, (*first, *body), counted.advance))

    def _counted(self, node: ast.expr) -> Counted:
        if not isinstance(node, ast.Call) and not self.ctx.trusted:
            array = self.expressions.operand(node)
            if isinstance(array, Array):
                return over_elements(self.ctx, array, node)
        return counted_range(self.ctx, self.expressions, node)

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
        if is_break and self.variables.assigned is not None:
            self._loops[-1].breaks.append(self.variables.assigned)
        self.variables.assigned = None
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
        if node.value is None or is_none(node.value):
            if self.results:
                named = " and ".join(self.results)
                raise self.ctx.refuse(
                    "missing_return", node, f"the result is {named}, so return a value"
                )
            self.ctx.body.add(ir.Return())
        elif not self.results:
            raise self.ctx.refuse(
                "type_mismatch",
                node,
                "the function has no result",
                "annotate it: -> i64",
            )
        elif len(self.results) == 1:
            value = self.expressions.value(node.value)
            what = "the result"
            expression = passed(self.ctx, value, self.results[0], node.value, what)
            self.ctx.body.add(ir.Return(expression))
        else:
            self._return_several(node.value)
        self.variables.assigned = None

    def _return_several(self, node: ast.expr) -> None:
        values = [self.expressions.held(value) for value in self.expressions.several(node)]
        if len(values) != len(self.results):
            count = len(self.results)
            message = f"{len(values)} values are returned, the function has {count} results"
            raise self.ctx.refuse("type_mismatch", node, message)
        first, *further = (
            self.ctx.body.temporary(passed(self.ctx, value, result, node, f"result {number}"))
            for number, (value, result) in enumerate(zip(values, self.results, strict=True), 1)
        )
        memory = further_memory(f"fn_{self.ctx.name}", self.results[1:])
        for index, expression in enumerate(further):
            name = f"{expression.kind}.store"
            self.ctx.body.add(ir.Store(name, memory, expression, RESULT_BYTES * index))
        self.ctx.body.add(ir.Return(first))

    def _acts(self, node: ast.Call) -> bool:
        """Whether a call may do something besides giving results."""
        callee = callee_of(self.expressions, node)
        return callee is not None and (
            callee.result is None or any(isinstance(kind, ArrayType) for _, kind in callee.params)
        )

    def _do(self, node: ast.Call) -> None:
        results = self.expressions.call(node)
        for value in results:
            self.ctx.body.temporary(value.expr)
        if not results and isinstance(node.func, ast.Name) and node.func.id == "trap":
            self.variables.assigned = None


def _copy(names: set[str] | None) -> set[str] | None:
    return None if names is None else set(names)


def _join(*paths: set[str] | None) -> set[str] | None:
    """What has a value where several paths meet."""
    reached = [path for path in paths if path is not None]
    return set.intersection(*reached) if reached else None
