"""Typed trees to statements of the IR.

Conditions are lowered twice, as "is true" and as "is false": NOT swaps the two, AND and OR need no
third value, and a filter uses the first alone. Parts that could trap are computed only where SQL's
short forms reach them: branches of CASE, later operands of COALESCE, and what follows in AND and
OR once the answer is known. Not here: the strict operations (`jobspec.sql.functions`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jobspec import ir
from jobspec.errors import CompilerError
from jobspec.ir import Kind
from jobspec.shared import SharedArray
from jobspec.sql import casts, ranges, typed
from jobspec.sql.comparisons import compare
from jobspec.sql.functions import lowering
from jobspec.sql.functions.signature import Operands
from jobspec.sql.typed import Typed, TypedExpression
from jobspec.sql.value import (
    FALSE,
    TRUE,
    Truth,
    Value,
    all_valid,
    both,
    either,
    i32,
    negated,
)
from jobspec.types import ValueType

_BOOL = ValueType.BOOL
_NESTED_BRANCHES = 16


def lower(expression: TypedExpression, row: Mapping[str, Value], body: ir.Body) -> Value:
    """Add the statements that compute the expression over the row; its value.

    `row` has a value for each of `columns_read(expression)`. Traps are recorded by their site.
    """
    return _Lowering(row, body, expression.pointer).value(expression.root)


def lower_condition(
    expression: TypedExpression, row: Mapping[str, Value], body: ir.Body
) -> ir.Expr:
    """The same for a bool of which only "is true" matters: an i32, 0 where it is NULL."""
    return _Lowering(row, body, expression.pointer).truth(expression.root).true


def lower_results(
    call: TypedExpression, row: Mapping[str, Value], body: ir.Body
) -> tuple[Value, ...]:
    """The same for all results of the call of a function that has several."""
    if not isinstance(call.root, typed.Call):
        raise CompilerError("several results of what is no call")
    return _Lowering(row, body, call.pointer).results(call.root)


class _Lowering:
    def __init__(self, row: Mapping[str, Value], body: ir.Body, pointer: str) -> None:
        self._row = row
        self._body = body
        self._pointer = pointer
        self._slots: dict[int, Value] = {}

    # --- values -----------------------------------------------------------------------------------

    def value(self, node: Typed) -> Value:
        match node:
            case typed.Constant():
                return _constant(node)
            case typed.Input():
                return self._row[node.name]
            case typed.Slot():
                return self._slots[node.number]
            case typed.Let():
                self._slots[node.number] = self._kept(self.value(node.value))
                return self.value(node.body)
            case typed.Apply():
                return self._apply(node)
            case typed.Convert():
                return self._convert(node)
            case typed.Case():
                return self._case(node)
            case typed.Coalesce():
                return self._coalesce(node)
            case typed.Extreme():
                return self._extreme(node)
            case typed.Call():
                return self.results(node)[0]
        truth = self.truth(node)
        valid = either(truth.true, truth.false) if node.nullable else None
        return Value(_BOOL, truth.true, valid)

    def _kept(self, value: Value) -> Value:
        """The value in variables, so that it can be used several times at no cost."""
        keep = self._body.temporary
        kept = value.value if _is_literal(value.value) else keep(value.value)
        valid = value.valid
        return Value(value.type, kept, None if valid is None else keep(valid))

    def _apply(self, node: typed.Apply) -> Value:
        values = tuple(self._kept(self.value(operand)) for operand in node.operands)
        operands = Operands(
            body=self._body,
            pointer=self._pointer,
            values=values,
            ranges=tuple(ranges.of(operand) for operand in node.operands),
            result=node.type,
        )
        result = lowering(node.operation)(operands)
        if isinstance(result, Value):
            valid = result.valid
            return Value(
                node.type, result.value, both(operands.valid, valid) if valid else operands.valid
            )
        return Value(node.type, result, operands.valid)

    def _convert(self, node: typed.Convert) -> Value:
        source = self._kept(self.value(node.value))
        value, fits = casts.convert(self._body, source, node.type)
        if fits is None:
            return Value(node.type, value, source.valid)
        if node.try_:
            return Value(node.type, value, both(source.valid, fits))
        message = f"the value cannot be converted to {node.type}"
        site = ir.TrapSite(code="cast_overflow", pointer=self._pointer, message=message)
        self._body.trap_if(both(source.valid, negated(fits)), site)
        return Value(node.type, value, source.valid)

    def results(self, node: typed.Call) -> tuple[Value, ...]:
        """All results of a call, made now."""
        function = node.function
        values: list[Value] = []
        arguments: list[ir.Expr] = []
        for argument in node.arguments:
            if isinstance(argument, SharedArray):
                arguments += _passed(argument)
            else:
                values.append(self._kept(self.value(argument)))
                arguments.append(values[-1].value)
        valid = all_valid(*values)
        call = ir.Call(function.function.name, tuple(arguments), node.type.kind)
        if valid is None:
            return self._called(function, call)
        valid = self._body.temporary(valid)
        variables = [self._body.variable(result.kind) for result in function.results]
        with self._body.when(valid):
            for variable, result in zip(variables, self._called(function, call), strict=True):
                self._body.add(ir.Set(variable.name, result.value))
        return tuple(
            Value(type_, variable, valid)
            for type_, variable in zip(function.results, variables, strict=True)
        )

    def _called(self, function: typed.UserFunction, call: ir.Call) -> tuple[Value, ...]:
        first = self._body.temporary(call)
        if function.may_trap:
            self._body.add(ir.TrapCheck())
        others = [self._body.temporary(result) for result in function.further_results()]
        return tuple(map(Value, function.results, (first, *others)))

    # --- choices ----------------------------------------------------------------------------------

    def _case(self, node: typed.Case) -> Value:
        if len(node.branches) <= _NESTED_BRANCHES:
            return self._nested(node, node.branches)
        return self._in_turn(node)

    def _nested(self, node: typed.Case, branches: Sequence[tuple[Typed, Typed]]) -> Value:
        if not branches:
            return self.value(node.otherwise)
        (test, result), rest = branches[0], branches[1:]
        condition = self.truth(test).true
        with self._body.collect() as first:
            then = self.value(result)
        with self._body.collect() as second:
            otherwise = self._nested(node, rest)
        return self._either_of(condition, (first, then), (second, otherwise))

    def _in_turn(self, node: typed.Case) -> Value:
        """Hundreds of branches, one after the other: engines bound how deep blocks nest."""
        body = self._body
        chosen, valid = body.variable(node.type.kind), body.variable(TRUE)
        is_open = body.variable(TRUE)
        for test, result in (*node.branches, (typed.Constant(_BOOL, True), node.otherwise)):
            with body.when(is_open), body.when(self.truth(test).true):
                value = self.value(result)
                body.add(ir.Set(chosen.name, value.value))
                body.add(ir.Set(valid.name, value.valid or TRUE))
                body.add(ir.Set(is_open.name, FALSE))
        return Value(node.type, chosen, valid if node.nullable else None)

    def _either_of(
        self,
        condition: ir.Expr,
        then: tuple[list[ir.Stmt], Value],
        otherwise: tuple[list[ir.Stmt], Value],
    ) -> Value:
        """One of two values; only the statements of that one are run."""
        (first, left), (second, right) = then, otherwise
        nullable = left.valid is not None or right.valid is not None
        valid: ir.Expr | None = None
        if not first and not second:
            condition = self._body.temporary(condition)
            if nullable:
                valid = ir.Choose(condition, left.valid or TRUE, right.valid or TRUE)
            chosen = self._body.temporary(ir.Choose(condition, left.value, right.value))
            return Value(left.type, chosen, valid and self._body.temporary(valid))
        variable = self._body.variable(left.type.kind)
        first.append(ir.Set(variable.name, left.value))
        second.append(ir.Set(variable.name, right.value))
        if nullable:
            flag = self._body.variable(Kind.I32)
            first.append(ir.Set(flag.name, left.valid or TRUE))
            second.append(ir.Set(flag.name, right.valid or TRUE))
            valid = flag
        self._body.add(ir.If(condition, tuple(first), tuple(second)))
        return Value(left.type, variable, valid)

    def _coalesce(self, node: typed.Coalesce) -> Value:
        first = self._kept(self.value(node.operands[0]))
        for operand in node.operands[1:]:
            if first.valid is None:
                break
            with self._body.collect() as block:
                rest = self.value(operand)
            known = Value(first.type, first.value)
            first = self._either_of(first.valid, ([], known), (block, rest))
        return first

    def _extreme(self, node: typed.Extreme) -> Value:
        """The first of the best: a later operand wins only if it is strictly better."""
        operator = "<" if node.operator == "least" else ">"
        best = self._kept(self.value(node.operands[0]))
        for operand in node.operands[1:]:
            rival = self._kept(self.value(operand))
            wins = compare(operator, rival, best)
            if best.valid is not None:
                wins = either(wins, negated(best.valid))
            wins = self._body.temporary(both(rival.valid, wins))
            valid = None
            if best.valid is not None and rival.valid is not None:
                valid = self._body.temporary(either(best.valid, rival.valid))
            chosen = self._body.temporary(ir.Choose(wins, rival.value, best.value))
            best = Value(node.type, chosen, valid)
        return best

    # --- conditions -------------------------------------------------------------------------------

    def truth(self, node: Typed) -> Truth:
        match node:
            case typed.Not():
                truth = self.truth(node.value)
                return Truth(truth.false, truth.true)
            case typed.Connective():
                return self._connective(node)
            case typed.Compare():
                left, right = self._kept(self.value(node.left)), self._kept(self.value(node.right))
                holds = compare(node.operator, left, right)
                return self._truth(Value(_BOOL, holds, all_valid(left, right)))
            case typed.IsNull():
                return self._certain(self._is_null(node.value))
            case typed.IsTruth():
                truth = self.truth(node.value)
                return self._certain(truth.true if node.wanted else truth.false)
            case typed.Distinct():
                return self._distinct(node)
            case typed.Let():
                self._slots[node.number] = self._kept(self.value(node.value))
                return self.truth(node.body)
        return self._truth(self.value(node))

    def _truth(self, value: Value) -> Truth:
        if value.valid is None:
            return self._certain(value.value)
        kept = self._kept(value)
        return Truth(both(kept.valid, kept.value), both(kept.valid, negated(kept.value)))

    def _certain(self, condition: ir.Expr) -> Truth:
        """The truth of what is never NULL. It is named twice, so it must not be a large tree."""
        if not _is_small(condition):
            condition = self._body.temporary(condition)
        return Truth(condition, negated(condition))

    def _is_null(self, node: Typed) -> ir.Expr:
        if not node.nullable:
            self.value(node)  # for its traps
            return FALSE
        if node.type is _BOOL and not isinstance(node, typed.Input):
            truth = self.truth(node)
            return negated(either(truth.true, truth.false))
        valid = self.value(node).valid
        return FALSE if valid is None else negated(valid)

    def _distinct(self, node: typed.Distinct) -> Truth:
        left, right = self._kept(self.value(node.left)), self._kept(self.value(node.right))
        differ = compare("<>", left, right)
        one, other = left.valid or TRUE, right.valid or TRUE
        if one == TRUE and other == TRUE:
            return self._certain(differ)
        unlike = _exclusive(one, other)
        return self._certain(self._body.temporary(either(unlike, both(one, other, differ))))

    def _connective(self, node: typed.Connective) -> Truth:
        """Parts are computed in order; one that has statements only if the answer is still open."""
        conjunction = node.operator == "AND"
        trues: list[ir.Expr] = []
        falses: list[ir.Expr] = []
        for part in node.parts:
            with self._body.collect() as block:
                truth = self.truth(part)
            if block:
                decided = either(*falses) if conjunction else either(*trues)
                truth = self._guarded(negated(decided), block, truth)
                if conjunction:
                    falses = [self._body.temporary(decided)] if decided != FALSE else falses
                else:
                    trues = [self._body.temporary(decided)] if decided != FALSE else trues
            trues.append(truth.true)
            falses.append(truth.false)
        if conjunction:
            return Truth(both(*trues), either(*falses))
        return Truth(either(*trues), both(*falses))

    def _guarded(self, still_open: ir.Expr, block: list[ir.Stmt], truth: Truth) -> Truth:
        """The truth of a part whose statements run only if the answer is still open."""
        if still_open == TRUE:
            self._body.add(*block)
            return truth
        true = self._body.variable(Kind.I32)
        block.append(ir.Set(true.name, truth.true))
        false = self._body.variable(Kind.I32)
        block.append(ir.Set(false.name, truth.false))
        self._body.add(ir.If(still_open, tuple(block)))
        return Truth(true, false)


def _exclusive(left: ir.Expr, right: ir.Expr) -> ir.Expr:
    if left == TRUE:
        return negated(right)
    return negated(left) if right == TRUE else ir.Op("i32.xor", (left, right))


def _constant(node: typed.Constant) -> Value:
    valid = None if node.value is not None else FALSE
    match node.value:
        case None:
            zero: ir.Expr = ir.Text(b"") if node.type.is_bytes else ir.Const(node.type.kind, 0)
            return Value(node.type, zero, valid)
        case bytes():
            return Value(node.type, ir.Text(node.value), valid)
        case bool():
            return Value(node.type, i32(int(node.value)), valid)
    return Value(node.type, ir.Const(node.type.kind, node.value), valid)


def _passed(array: SharedArray) -> list[ir.Expr]:
    """A shared array as functions take it: its address, and its lengths."""
    address = ir.Op("i32.wrap_i64", (ir.Text(array.data),))
    return [address, *map(i32, array.shape)]


def _is_small(value: ir.Expr) -> bool:
    """Whether a tree is at most one instruction over variables and literals."""
    if isinstance(value, ir.Op):
        return all(isinstance(part, ir.Get | ir.Const | ir.Text) for part in value.args)
    return isinstance(value, ir.Get | ir.Const | ir.Text)


def _is_literal(value: ir.Expr) -> bool:
    return isinstance(value, ir.Const | ir.Text)
