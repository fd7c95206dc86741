"""Researchers' functions compiled and run in wasmtime, for tests."""

from __future__ import annotations

from typing import Any

from jobspec import ir
from jobspec.functions import compile_functions
from jobspec.problems import Problem, ProblemList
from tests.jobspec.running import Instance


class Functions:
    """Sources compiled together; calls give a value, or the code and line of a trap."""

    def __init__(self, *sources: str) -> None:
        problems, traps = ProblemList(), ir.TrapSites()
        named = {source.split("(")[0].removeprefix("def "): source for source in sources}
        self.compiled = compile_functions(named, problems, traps)
        assert not problems.all()
        self._sites = traps.all()
        self._instance = Instance(*(item.function for item in self.compiled.values()))

    def __call__(self, name: str, *args: Any) -> Any:
        value = self._instance.call(f"fn_{name}", *args)
        number = self._instance.trap()
        self._instance.call("clear_trap")
        return value if number is None else (self._sites[number].code, self._sites[number].line)


def problems_of(*sources: str, **named: str) -> tuple[Problem, ...]:
    problems = ProblemList()
    named |= {source.split("(")[0].removeprefix("def "): source for source in sources}
    compile_functions(named, problems)
    return problems.all()
