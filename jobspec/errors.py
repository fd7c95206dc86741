"""Everything that the package raises on purpose.

    JobspecError
    ├── DocumentError    the job document has problems; it carries all of them
    ├── SourceError      the input rows cannot be read as the document says
    ├── ChunkError       bytes are not a chunk of this program
    ├── OutputError      bytes are not an output of this program
    ├── ProgramError     bytes are not a program that this compiler could have made
    ├── RunError         a program could not be run to its end
    ├── MergeError       outputs are good, but have no result of the stated type
    ├── PluginError      an installed plugin is not one
    └── CompilerError    a mistake of ours, never of the researcher

A class's docstring is its default message.
"""

from __future__ import annotations

from collections.abc import Sequence

from jobspec.problems import Problem


class JobspecError(Exception):
    """The job could not be handled."""

    def __init__(self, message: str = "") -> None:
        self.message = message or (type(self).__doc__ or "").splitlines()[0]
        super().__init__(self.message)


class DocumentError(JobspecError):
    """The job document has problems."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        lines = [problem.render() for problem in self.problems]
        super().__init__("\n".join(lines))


class SourceError(JobspecError):
    """The source could not be read."""

    def __init__(self, message: str = "", row: int | None = None) -> None:
        super().__init__(message)
        self.row = row
        """The index of the first bad row, from 0, where it is known."""


class ChunkError(JobspecError):
    """The bytes are not a chunk of this program."""


class OutputError(JobspecError):
    """The bytes are not an output of this program."""


class ProgramError(JobspecError):
    """The bytes are not a program that this compiler could have made."""


class RunError(JobspecError):
    """The program could not be run to its end."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(message)
        self.code = code
        """`fuel_exhausted`, `memory` or `invalid`; those who run programs in processes of their own
        have more."""


class MergeError(JobspecError):
    """The outputs cannot be merged."""


class PluginError(JobspecError):
    """An installed plugin cannot be used."""


class CompilerError(JobspecError):
    """The compiler made a mistake; the job document is not to blame."""
