"""Makes a program of a plan: the module that volunteers run, in the intermediate representation.

One loop over the rows of the chunk computes the steps and hands what is left to a sink: records
that are the output's rows, or one record a group whose fields are the states of aggregates. The
output is written from the records whenever it is asked for. See `jobspec.kernels.records` for the
memory, and `jobspec.table_bytes` for chunks and outputs.

`jobspec.program.module` puts the program together.
"""

from __future__ import annotations
