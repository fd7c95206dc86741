"""Visits every part of functions in the intermediate representation, in the order of evaluation.

Nothing here recurses over expressions, so a deep tree costs no stack.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from jobspec.ir import (
    Call,
    Choose,
    Do,
    Expr,
    If,
    Load,
    MemoryCopy,
    MemoryFill,
    Op,
    Return,
    Set,
    SetGlobal,
    Stmt,
    Store,
    While,
)


def operands(expression: Expr) -> tuple[Expr, ...]:
    """The direct parts of an expression, in the order in which they are computed."""
    match expression:
        case Op(_, args) | Call(_, args):
            return args
        case Choose(condition, then, otherwise):
            return (then, otherwise, condition)
        case Load(_, address):
            return (address,)
    return ()


def expressions_of(statement: Stmt) -> tuple[Expr, ...]:
    """The expressions that stand directly in a statement, not those of its blocks."""
    match statement:
        case Set(_, value) | SetGlobal(_, value):
            return (value,)
        case Store(_, address, value):
            return (address, value)
        case Do(_, args):
            return args
        case MemoryCopy(target, other, length) | MemoryFill(target, other, length):
            return (target, other, length)
        case If(condition) | While(condition):
            return (condition,)
        case Return(value) if value is not None:
            return (value,)
    return ()


def blocks_of(statement: Stmt) -> tuple[tuple[Stmt, ...], ...]:
    """The blocks that a statement holds."""
    match statement:
        case If(_, then, otherwise):
            return (then, otherwise)
        case While(_, body, advance):
            return (body, advance)
    return ()


def statements(body: Iterable[Stmt]) -> Iterator[Stmt]:
    """Every statement of a body, those inside blocks too, in the order of the text."""
    pending = list(body)[::-1]
    while pending:
        statement = pending.pop()
        yield statement
        for block in reversed(blocks_of(statement)):
            pending.extend(reversed(block))


def subexpressions(expression: Expr) -> Iterator[Expr]:
    """An expression and all its parts."""
    pending = [expression]
    while pending:
        part = pending.pop()
        yield part
        pending.extend(reversed(operands(part)))


def expressions(body: Iterable[Stmt]) -> Iterator[Expr]:
    """Every expression of a body, with all its parts."""
    for statement in statements(body):
        for expression in expressions_of(statement):
            yield from subexpressions(expression)


def callees(body: Iterable[Stmt]) -> Iterator[str]:
    """The names of the functions that a body calls, once for each call."""
    for statement in statements(body):
        if isinstance(statement, Do):
            yield statement.function
        for expression in expressions_of(statement):
            for part in subexpressions(expression):
                if isinstance(part, Call):
                    yield part.function
