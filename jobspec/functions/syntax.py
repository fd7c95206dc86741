"""From text to a syntax tree that is safe to walk, and to the types of a function's signature.

Python's own parser reads the text; whatever it raises becomes a problem. What the statements of
a function mean is not decided here.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Mapping

from jobspec.functions.arrays import MAX_DIMENSIONS
from jobspec.functions.context import Params, Results, SourceText, clipped
from jobspec.problems import ProblemList, near_miss
from jobspec.types import ArrayType, ValueType

MAX_DEPTH = 100
MAX_PARAMS = 64
MAX_RESULTS = 16

NUMBERS = tuple(member for member in ValueType if member.is_number or member is ValueType.BOOL)
"""The types of values in a researcher's function."""

TYPE_NAMES: Mapping[str, ValueType] = {
    **{member.value: member for member in NUMBERS},
    "int": ValueType.I64,
    "float": ValueType.F64,
}
"""The annotations of a researcher's function."""

KERNEL_TYPE_NAMES: Mapping[str, ValueType] = {
    name: ValueType(name) for name in ("bool", "i32", "u32", "i64", "u64", "f32", "f64")
} | {"str": ValueType.STRING}
"""The annotations of the kernel language."""


class Reader:
    """Reads one text and notes what is wrong with it under one pointer."""

    def __init__(self, text: str, pointer: str, problems: ProblemList) -> None:
        self.text = text
        self.source = SourceText(text)
        self.pointer = pointer
        self.problems = problems

    def note(self, code: str, node: ast.AST, message: str, hint: str = "") -> None:
        line = getattr(node, "lineno", 1)
        column = self.source.column(line, getattr(node, "col_offset", 0))
        self.problems.add(code, self.pointer, clipped(message), hint, line=line, column=column)

    def parse(self) -> ast.Module | None:
        """The syntax tree, no deeper than `MAX_DEPTH`, or None and a problem."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(self.text)
        except SyntaxError as error:
            line = min(max(error.lineno or 1, 1), self.text.count("\n") + 1)
            self.problems.add(
                "python_syntax",
                self.pointer,
                f"Python cannot read this: {error.msg}",
                line=line,
                column=max(error.offset or 1, 1),
            )
            return None
        except ValueError:  # a null character, or half of a surrogate pair
            self.problems.add(
                "python_syntax", self.pointer, "the text has characters that Python cannot read"
            )
            return None
        except (RecursionError, MemoryError):
            self._too_deep(ast.Module(body=[], type_ignores=[]))
            return None
        return tree if self._is_shallow(tree) else None

    def function(self, tree: ast.Module) -> ast.FunctionDef | None:
        """The one function that the text defines."""
        if len(tree.body) == 1 and isinstance(tree.body[0], ast.FunctionDef):
            return tree.body[0]
        places = [node for node in tree.body if not isinstance(node, ast.FunctionDef)]
        self.note(
            "python_syntax",
            places[0] if places else (tree.body[1] if len(tree.body) > 1 else tree),
            "the text must be one function and nothing else",
            "begin with `def name(...):`; a second function is a second entry",
        )
        return None

    def signature(
        self, node: ast.FunctionDef, type_names: Mapping[str, ValueType] = TYPE_NAMES
    ) -> tuple[Params, Results] | None:
        """The types of parameters and results, or None after problems."""
        before = len(self.problems)
        self._check_form(node)
        params: dict[str, ValueType | ArrayType] = {}
        for arg in (*node.args.posonlyargs, *node.args.args):
            declared: ValueType | ArrayType | None = None
            if type_names is TYPE_NAMES and arg.annotation is not None:
                declared = array_type(arg.annotation)
            what = f"parameter {arg.arg}"
            declared = declared or self._annotation(arg.annotation, arg, what, type_names)
            if arg.arg in params:
                self.note("python_syntax", arg, f"two parameters are named {arg.arg}")
            if declared is not None:
                params[arg.arg] = declared
        results = self._results(node, type_names)
        return (tuple(params.items()), results) if len(self.problems) == before else None

    def _results(self, node: ast.FunctionDef, type_names: Mapping[str, ValueType]) -> Results:
        match node.returns:
            case ast.Constant(None):
                return ()
            case ast.Subscript(ast.Name("tuple"), parts) if type_names is TYPE_NAMES:
                nodes = parts.elts if isinstance(parts, ast.Tuple) else [parts]
            case _:
                found = self._annotation(node.returns, node, "the result", type_names)
                return () if found is None else (found,)
        if not 2 <= len(nodes) <= MAX_RESULTS:
            message = f"a tuple has 2 to {MAX_RESULTS} results, not {len(nodes)}"
            self.note("unsupported_python", node, message)
            return ()
        given = [self._annotation(part, node, "a result", type_names) for part in nodes]
        return tuple(part for part in given if part is not None)

    def _check_form(self, node: ast.FunctionDef) -> None:
        args = node.args
        if node.decorator_list:
            self.note("unsupported_python", node.decorator_list[0], "decorators are left out")
        if getattr(node, "type_params", None):
            self.note("unsupported_python", node, "type parameters are left out")
        odd = args.vararg or args.kwarg or (args.kwonlyargs or args.defaults or [None])[0]
        if odd is not None:
            self.note(
                "unsupported_python",
                odd,
                "parameters are plain: no defaults, no *args, no keyword-only ones",
            )
        if len(args.args) + len(args.posonlyargs) > MAX_PARAMS:
            self.note("too_long", node, f"a function takes at most {MAX_PARAMS} parameters")

    def _annotation(
        self,
        node: ast.expr | None,
        owner: ast.AST,
        what: str,
        type_names: Mapping[str, ValueType],
    ) -> ValueType | None:
        if node is None:
            self.note(
                "missing_annotation",
                owner,
                f"{what} has no type",
                "write it as in `def f(n: i64) -> f64:`",
            )
            return None
        declared = type_names.get(node.id) if isinstance(node, ast.Name) else None
        if declared is None:
            text = ast.unparse(node)[:60]
            hint = near_miss(text, type_names)
            if text in ("str", "string", "bytes"):
                hint = "strings stay in SQL; pass what is computed from them, such as a length"
            elif text in ("date", "timestamp", "decimal"):
                hint = f"a {text} stays in SQL; pass a number that is computed from it"
            if array_type(node) is not None:
                hint = "let the function fill an array that it is given: out: f64[:]"
            elif text.startswith(("list", "tuple")) or text.endswith("]"):
                hint = "write an array as f64[:] or f64[:, :], several results as tuple[i64, f64]"
            self.note("unknown_type", node, f"{what}: there is no type {text!r} here", hint)
        return declared

    def _is_shallow(self, tree: ast.Module) -> bool:
        pending: list[tuple[ast.AST, int]] = [(tree, 0)]
        while pending:
            node, depth = pending.pop()
            if depth > MAX_DEPTH:
                self._too_deep(node)
                return False
            pending.extend((child, depth + 1) for child in ast.iter_child_nodes(node))
        return True

    def _too_deep(self, node: ast.AST) -> None:
        self.note(
            "python_too_deep",
            node,
            f"the text is nested more than {MAX_DEPTH} levels deep",
            "compute parts of it in steps of their own",
        )


def array_type(node: ast.expr) -> ArrayType | None:
    """The type that `f64[:]`, `u8[:, :]`, `list[float]` or `list[list[int]]` stands for."""
    match node:
        case ast.Subscript(ast.Name("list"), ast.Name(element)) if element in TYPE_NAMES:
            return ArrayType(TYPE_NAMES[element], (None,))
        case ast.Subscript(ast.Name("list"), inner):
            row = array_type(inner)
            if row is not None and len(row.shape) < MAX_DIMENSIONS:
                return ArrayType(row.element, (None, *row.shape))
        case ast.Subscript(ast.Name(element), lengths) if element in TYPE_NAMES:
            parts = lengths.elts if isinstance(lengths, ast.Tuple) else [lengths]
            if 1 <= len(parts) <= MAX_DIMENSIONS and all(map(_is_colon, parts)):
                return ArrayType(TYPE_NAMES[element], (None,) * len(parts))
    return None


def _is_colon(node: ast.expr) -> bool:
    return isinstance(node, ast.Slice) and not (node.lower or node.upper or node.step)


def is_none(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
