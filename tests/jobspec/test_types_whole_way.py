"""Values of every type on their whole way: source, chunk, program, output, merge, result."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobspec import CompiledJob, ProgramPlan, chunk_table, merge
from jobspec.arrow import array_of, scalars
from jobspec.types import Scalar, ValueType
from jobspec.value_text import value_as_text

from .jobs import compiled, inputs, output
from .test_table_bytes import TYPES, values_of

MONEY = ValueType.decimal(9, 2)


def texts(values: list[Scalar], value_type: ValueType) -> list[object]:
    """The values as a document writes them."""
    if value_type.is_number or value_type in (ValueType.BOOL, ValueType.STRING):
        return list(values)
    array = array_of(values, value_type)
    return [None if value is None else value_as_text(value) for value in array.to_pylist()]


def job(values: list[Scalar], value_type: ValueType, *steps: dict[str, object]) -> CompiledJob:
    rows = [{"n": n, "x": text} for n, text in enumerate(texts(values, value_type))]
    return compiled({"rows": rows, "columns": {"x": value_type.value}}, *steps)


def merged(job: CompiledJob, rows: int = 1 << 30) -> pa.Table:
    outputs = [output(job, chunk) for chunk in inputs(job, rows)]
    return pa.Table.from_batches(merge(job.plan, outputs))


def column(table: pa.Table, name: str, value_type: ValueType) -> list[Scalar]:
    return scalars(table.column(name).combine_chunks(), value_type)


FINITE = [type_ for type_ in TYPES if not type_.is_float]


@pytest.mark.parametrize("value_type", FINITE, ids=str)
@settings(max_examples=5)
@given(data=st.data())
def test_values_come_out_as_they_went_in(value_type: ValueType, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.none() | values_of(value_type), min_size=1, max_size=6))
    made = job(values, value_type)
    table = merged(made)
    assert table.schema.field("x").type == array_of(values, value_type).type
    assert column(table, "x", value_type) == values
    read = pa.concat_tables(chunk_table(made.plan, chunk) for chunk in inputs(made))
    assert column(read, "x", value_type) == values


@pytest.mark.parametrize("value_type", FINITE, ids=str)
@settings(max_examples=5)
@given(data=st.data())
def test_values_make_groups_and_have_extremes_however_the_rows_are_cut(
    value_type: ValueType, data: st.DataObject
) -> None:
    few = data.draw(st.lists(values_of(value_type), min_size=1, max_size=3, unique=True))
    values = data.draw(st.lists(st.none() | st.sampled_from(few), min_size=1, max_size=12))
    grouped = job(values, value_type, {"aggregate": {"count": "count(*)"}, "by": ["x"]})
    extremes = job(
        values,
        value_type,
        {"aggregate": {"least": "min(x)", "most": "max(x)", "where": "arg_min(n, x)"}},
    )
    for rows in (1, 3, 100):
        table = merged(grouped, rows)
        assert column(table, "x", value_type) == list(dict.fromkeys(values))
        assert table.column("count").to_pylist() == [
            values.count(value) for value in dict.fromkeys(values)
        ]
        table = merged(extremes, rows)
        there = [value for value in values if value is not None]
        least = min(there, default=None)  # type: ignore[type-var]  # of one type
        most = max(there, default=None)  # type: ignore[type-var]
        assert column(table, "least", value_type) == [least]
        assert column(table, "most", value_type) == [most]
        assert table.column("where").to_pylist() == [values.index(least) if there else None]


def test_a_plan_with_every_type_survives_as_json() -> None:
    names = {f"c{index}": value_type for index, value_type in enumerate([*ValueType, MONEY])}
    source = {
        "rows": [dict.fromkeys(names)],
        "columns": {name: value_type.value for name, value_type in names.items()},
    }
    made = compiled(source)
    assert ProgramPlan.from_json(made.plan.to_json()) == made.plan
    assert made.plan.result[-1].type is MONEY
    assert ProgramPlan.from_json(made.plan.to_json()).result[-1].type is MONEY
