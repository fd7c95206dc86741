"""LIKE and ILIKE: % stands for any text, _ for any one character.

A literal pattern is brought to the kernel's form when the job is compiled, or to a simpler question
if it is one. ILIKE compares the lower cases of text, pattern and escape, as DuckDB does.
"""

from __future__ import annotations

from collections.abc import Sequence

from jobspec import ir
from jobspec.ir import Kind
from jobspec.sql.functions.letters import lower_case
from jobspec.sql.functions.signature import Complaint, Function, Operands, Overload, Takes
from jobspec.sql.like import ANY_CHARACTER, ANY_TEXT, LikeError, simple_form, translate_pattern
from jobspec.sql.typed import Constant, Typed
from jobspec.sql.value import TRUE, i32, i64, op
from jobspec.types import ValueType
from jobspec.unicode.case import lowered

_STR, _LITERAL = Takes.STRING, Takes.LITERAL
_SIMPLE_KERNELS = {
    "equals": "str_equal",
    "starts_with": "str_starts_with",
    "ends_with": "str_ends_with",
    "contains": "str_contains",
}


def _check(operands: Sequence[Typed]) -> Complaint | None:
    """Whether a literal pattern and escape mean something."""
    texts = [
        node.value.decode()
        for node in operands[1:]
        if isinstance(node, Constant) and isinstance(node.value, bytes)
    ]
    try:
        if len(texts) == len(operands) - 1:
            translate_pattern(*texts)
    except LikeError as error:
        return Complaint(str(error), error.hint, 1)
    return None


def _lower_literal(of: Operands, *, ignore_case: bool) -> ir.Expr:
    texts = [of.literal(at).decode() for at in range(1, len(of.values))]
    text = of[0]
    if ignore_case:
        texts, text = [lowered(part) for part in texts], lower_case(of.body, text)
    pattern = translate_pattern(*texts)
    simple = simple_form(pattern)
    if simple is None:
        return of.call("str_like", text, ir.Text(pattern), i32(ANY_TEXT), i32(ANY_CHARACTER))
    kernel, wanted = simple
    if not wanted and kernel != "equals":
        return TRUE
    return of.call(_SIMPLE_KERNELS[kernel], text, ir.Text(wanted))


def _lower(of: Operands, *, ignore_case: bool) -> ir.Expr:
    """The pattern is known when the row is: an escape with nothing behind it traps."""
    texts = [value.value for value in of.values]
    if ignore_case:
        texts = [lower_case(of.body, text) for text in texts]
    if len(texts) == 2:
        return of.call("str_like", *texts, i32(ord("%")), i32(ord("_")))
    escape = texts[2]
    too_long = op("i64.gt_s", of.call("str_length", escape), i64(1))
    of.trap_if(too_long, "invalid_argument", "ESCAPE takes a text of one character")
    pattern = of.call("str_unescape_like", texts[1], escape)
    refused = of.body.temporary(ir.GetGlobal("str_refused", Kind.I32))
    of.trap_if(refused, "invalid_argument", "the pattern ends with the escape character")
    return of.call("str_like", texts[0], pattern, i32(ANY_TEXT), i32(ANY_CHARACTER))


def _overloads(name: str, *, ignore_case: bool) -> tuple[Overload, Overload]:
    return (
        Overload(
            operation=f"{name}_literal",
            takes=(_STR, _LITERAL, _LITERAL),
            gives=ValueType.BOOL,
            lower=lambda of: _lower_literal(of, ignore_case=ignore_case),
            optional=1,
            check=_check,
        ),
        Overload(
            operation=name,
            takes=(_STR, _STR, _STR),
            gives=ValueType.BOOL,
            lower=lambda of: _lower(of, ignore_case=ignore_case),
            optional=1,
        ),
    )


OPERATORS = (
    Function(
        name="LIKE",
        overloads=_overloads("like", ignore_case=False),
        about="Whether the text matches: % stands for any text, _ for any one character.",
        examples=(
            ("'banana' LIKE 'b%a'", "TRUE"),
            ("'cat' LIKE '_at'", "TRUE"),
            ("'100%' LIKE '%!%' ESCAPE '!'", "TRUE"),
        ),
    ),
    Function(
        name="ILIKE",
        overloads=_overloads("ilike", ignore_case=True),
        about="LIKE that does not tell upper from lower case.",
        examples=(("'Banana' ILIKE 'b%A'", "TRUE"), ("'Ärger' ILIKE 'ä%'", "TRUE")),
    ),
)
