"""Diagnostics about a job document, and the table of their codes.

Problems are collected, so that one report names them all. Not here: what is wrong when
(each front end), how problems are shown (`owc`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

CODES: dict[str, str] = {
    # the text of the document
    "document_too_large": "The document has more bytes than the limit allows.",
    "document_not_utf8": "The document is not UTF-8 text.",
    "document_too_deep": "Objects and arrays are nested deeper than the limit allows.",
    "json_syntax": "The text is not JSON.",
    "duplicate_key": "An object has the same key twice.",
    "number_out_of_range": "A number does not fit its type, or is not a number at all.",
    "more_problems": "Further problems are left out of the report.",
    # its structure
    "missing_key": "A required key is absent.",
    "unknown_key": "The language has no such key.",
    "wrong_type": "A value has another JSON type than the key takes.",
    "bad_value": "A value has the right JSON type but is not allowed.",
    "too_many_words": "All expressions and functions together are longer than the limit allows.",
    "too_long": "A text, list or object is longer than the limit allows.",
    "bad_name": "A column or function name is not a plain identifier.",
    "duplicate_name": "Two columns would have the same name.",
    "not_supported_yet": "The language describes this, but this hub does not do it yet.",
    "choose_one": "Exactly one of several keys must be given.",
    "step_order": "A step stands where it cannot be.",
    # names and types, in expressions and in functions
    "unknown_column": "No column of that name exists at this step.",
    "unknown_table": "No table of that name is among the shared inputs.",
    "unknown_function": "No function of that name exists.",
    "unknown_type": "No type of that name exists.",
    "unknown_variable": "No variable of that name exists in the function.",
    "wrong_argument_count": "A function is called with too few or too many arguments.",
    "type_mismatch": "An operation does not take values of these types.",
    "unsupported_cast": "A value of this type cannot be converted to that type.",
    "number_literal": "A number in an expression or function cannot be used as it stands.",
    # SQL
    "sql_syntax": "The text is not an SQL expression.",
    "sql_too_long": "An expression has more characters than the limit allows.",
    "sql_too_deep": "An expression is nested deeper than the limit allows.",
    "unsupported_sql": "The language leaves this part of SQL out.",
    "unsupported_function": "SQL has this function, but the language does not.",
    "comparison_chain": "Comparisons are chained, which SQL does not do.",
    "bad_pattern": "A regular expression cannot be read, or would need too large a table.",
    "aggregate_misplaced": "An aggregate function stands where rows are handled one by one.",
    "not_an_aggregate": "An aggregate step's expression is not one call of an aggregate function.",
    # Python functions
    "python_syntax": "The text is not a Python function.",
    "python_too_deep": "A function is nested deeper than the limit allows.",
    "unsupported_python": "The language leaves this part of Python out.",
    "missing_annotation": "A parameter or the result has no type.",
    "function_name": "A function's name differs from its key or is taken.",
    "recursion": "A function calls itself, directly or through others.",
    "maybe_unassigned": "A variable may be read before it has a value.",
    "missing_return": "A function can end without returning a value.",
    # functions that were compiled elsewhere
    "bad_wasm": "A WebAssembly module is not valid, or lacks what is said of it.",
    "unsupported_wasm": "A WebAssembly module does what functions of a job may not.",
    # the source
    "not_fetched": "The file at the URL has not been fetched, or cannot be.",
    "unknown_upload": "No upload has that SHA-256.",
    "source_unreadable": "The source cannot be read in the stated format.",
    "source_empty": "The source has no rows or no columns to infer types from.",
    "program_too_large": "The program needs more memory or columns than the limit allows.",
}
"""Every code a problem may carry, and what it means."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One diagnostic: what is wrong where, and how to mend it.

    `pointer` is a JSON Pointer into the document; `line` and `column` count from 1 inside the
    text it points at (or inside the document's own text where the pointer is empty).
    """

    code: str
    pointer: str
    message: str
    hint: str = ""
    line: int | None = None
    column: int | None = None

    def as_dict(self) -> dict[str, str | int]:
        """The JSON form; `line` and `column` are left out where they are unknown."""
        members: dict[str, str | int] = {
            "code": self.code,
            "pointer": self.pointer,
            "message": self.message,
            "hint": self.hint,
        }
        if self.line is not None:
            members["line"] = self.line
        if self.column is not None:
            members["column"] = self.column
        return members

    def render(self) -> str:
        """One line for a terminal or a log."""
        place = self.pointer or "document"
        if self.line is not None:
            place += f", line {self.line}"
        if self.column is not None:
            place += f", column {self.column}"
        mend = f" ({self.hint})" if self.hint else ""
        return f"{place}: {self.message}{mend} [{self.code}]"


class ProblemList:
    """Collects problems; the compiler goes on after each as far as it can.

    A hostile document can have a problem in each of its bytes: past `most` they are only counted.
    """

    def __init__(self, most: int = 500) -> None:
        self._problems: dict[Problem, None] = {}
        self._most = most
        self._left_out = 0

    def add(
        self,
        code: str,
        pointer: str,
        message: str,
        hint: str = "",
        *,
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        """Note a problem, once. `code` is a key of `CODES`."""
        if code not in CODES:
            raise ValueError(f"{code!r} is not in the table of problem codes")
        self.extend([Problem(code, pointer, message, hint, line, column)])

    def extend(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            if problem in self._problems:
                continue
            if len(self._problems) < self._most:
                self._problems[problem] = None
            else:
                self._left_out += 1

    def near_miss(self, name: str, known: Iterable[str]) -> str:
        """`near_miss`, which is dear, while the list has room for a problem."""
        return near_miss(name, known) if len(self._problems) < self._most else ""

    def is_noted(self, pointer: str) -> bool:
        """Whether a problem has been noted at a place of the document, or below it."""
        return any(f"{problem.pointer}/".startswith(f"{pointer}/") for problem in self._problems)

    def all(self) -> tuple[Problem, ...]:
        problems = tuple(self._problems)
        if not self._left_out:
            return problems
        message = f"{self._left_out:,} further problems are left out of this report"
        return (*problems, Problem("more_problems", "", message, "mend these first"))

    def __len__(self) -> int:
        return len(self._problems)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._problems)


def pointer(*tokens: str | int) -> str:
    """The JSON Pointer (RFC 6901) of the value at the end of `tokens`."""
    return "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in tokens)


_MOST_COMPARED = 20_000
"""Letters of a name times those of the names that it is compared with: what a hint may cost."""


def _compared(name: str, known: Iterable[str]) -> list[str]:
    """The known names that are nearest in length, as many as a hint may cost."""
    by_length = sorted(known, key=lambda candidate: abs(len(candidate) - len(name)))
    left, compared = _MOST_COMPARED, []
    for candidate in by_length:
        left -= len(name) * len(candidate)
        if left < 0:
            break
        compared.append(candidate)
    return compared


def near_miss(name: str, known: Iterable[str]) -> str:
    """A hint for a name that does not exist: the closest known one, or a few that exist."""
    names = sorted({str(candidate) for candidate in known})
    folded = {candidate.casefold(): candidate for candidate in reversed(names)}
    close = get_close_matches(name.casefold()[:100], _compared(name, folded), n=1, cutoff=0.6)
    if close:
        return f"did you mean {folded[close[0]]!r}?"
    if not names:
        return ""
    listed = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"there is: {listed}"
