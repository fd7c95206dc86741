"""Looks at the tokens of an expression before it is parsed: what could hurt or mislead the parser.

Not here: the grammar (sqlglot's), and which of its nodes pass (`jobspec.sql.nodes`).
"""

from __future__ import annotations

from sqlglot.tokens import Token, TokenType  # type: ignore[attr-defined]  # re-exported

from jobspec.limits import Limits


class RefusedError(Exception):
    """Ends the reading of one expression; carries its problem."""

    def __init__(self, code: str, place: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.place = place
        self.message = message
        self.hint = hint


_NO_LISTS = "there are no lists; substring(x, 2, 3) takes a part of a text"
_REFUSED_TOKENS: dict[TokenType, tuple[str, str]] = {
    TokenType.SEMICOLON: ("a semicolon", "an expression is one value; leave it out"),
    TokenType.PARAMETER: ("'@'", "write the value itself, or abs(x)"),
    TokenType.PLACEHOLDER: ("a placeholder", "write the value itself"),
    TokenType.L_BRACKET: ("a list or subscript", _NO_LISTS),
    TokenType.R_BRACKET: ("a list or subscript", _NO_LISTS),
    TokenType.L_BRACE: ("a struct", "give each value a column of its own"),
    TokenType.R_BRACE: ("a struct", "give each value a column of its own"),
    TokenType.SELECT: ("a query", "a step's expression sees one row only"),
    TokenType.NOT: ("'!'", "write NOT, or factorial(n)"),
    TokenType.DIV: ("DIV", "write //"),
    TokenType.DAMP: ("'&&'", "write AND"),
    TokenType.ARROW: (
        "'->'",
        "there are no lists and no JSON; regexp_extract finds a part of a text",
    ),
    TokenType.NULLSAFE_EQ: ("<=>", "write IS NOT DISTINCT FROM"),
}

_BEFORE_OPERANDS = {
    TokenType.CASE,
    TokenType.COMMA,
    TokenType.DASH,
    TokenType.L_PAREN,
    TokenType.NOT,
    TokenType.PLUS,
    TokenType.TILDE,
}
_PARAMETERISED = {"BPCHAR", "CHAR", "STRING", "TEXT", "VARCHAR"}
"""Types of which sqlglot drops the parameter, as in VARCHAR(3)."""


def check_tokens(tokens: list[Token], text: str, limits: Limits, too_deep: RefusedError) -> None:
    nesting = _Nesting()
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.comments:
            place = max(text.find("--"), text.find("/*"), 0)
            raise RefusedError("unsupported_sql", place, "comments are left out", "remove it")
        if nesting.after(token.token_type) > limits.expression_depth:
            too_deep.place = token.start
            raise too_deep
        refused = _REFUSED_TOKENS.get(token.token_type)
        if refused and token.text.upper() not in {"NOT", "//"}:
            what, hint = refused
            raise RefusedError("unsupported_sql", token.start, f"{what} is not supported", hint)
        if before is not None:
            _check_neighbours(before, token, text)


class _Nesting:
    """Counts how deep sqlglot will recurse: brackets, CASE, and signs, ~ and NOTs before them."""

    def __init__(self) -> None:
        self._open: list[int] = []
        self._depth = 0
        self._prefixes = 0
        self._operand_before = False

    def after(self, kind: TokenType) -> int:
        """The depth once this token is read."""
        sign = kind in {TokenType.DASH, TokenType.PLUS} and not self._operand_before
        self._operand_before = kind not in _BEFORE_OPERANDS
        if kind in {TokenType.NOT, TokenType.TILDE} or sign:
            self._prefixes += 1
        elif kind in {TokenType.L_PAREN, TokenType.CASE}:
            self._open.append(1 + self._prefixes)
            self._depth += 1 + self._prefixes
            self._prefixes = 0
        else:
            self._prefixes = 0
            if kind in {TokenType.R_PAREN, TokenType.END} and self._open:
                self._depth -= self._open.pop()
        return self._depth + self._prefixes


def _check_neighbours(before: Token, token: Token, text: str) -> None:
    adjacent = before.end + 1 == token.start
    if adjacent and before.token_type is TokenType.NUMBER and token.text[:1].isalpha():
        raise RefusedError(
            "number_literal",
            before.start,
            f"{text[before.start : token.end + 1]!r} is not a number",
            "write numbers in decimal digits",
        )
    if token.token_type is TokenType.L_PAREN and before.text.upper() in _PARAMETERISED:
        raise RefusedError(
            "unknown_type",
            before.start,
            f"the type {before.text} takes no parameters here",
            "write its name alone",
        )
