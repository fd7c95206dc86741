"""Decimals as members of the type enumeration."""

from __future__ import annotations

import copy
import datetime

import pytest

from jobspec.ir import Kind
from jobspec.types import ValueType


def test_one_decimal_type_is_one_object() -> None:
    money = ValueType("decimal(12, 2)")
    assert money is ValueType.decimal(12, 2)
    assert money is copy.deepcopy(money)
    assert str(money) == "decimal(12,2)"
    assert (money.precision, money.scale) == (12, 2)


def test_decimal_is_carried_as_a_scaled_64_bit_integer() -> None:
    money = ValueType.decimal(12, 2)
    assert (money.kind, money.bits) == (Kind.I64, 64)
    assert (money.minimum, money.maximum) == (-(10**12) + 1, 10**12 - 1)
    assert money.is_signed
    assert not money.is_number


@pytest.mark.parametrize(
    "name", ["decimal", "decimal(0,0)", "decimal(19,2)", "decimal(3,4)", "decimal(-1,0)", 7]
)
def test_decimals_beyond_18_digits_do_not_exist(name: object) -> None:
    with pytest.raises(ValueError, match="is not a valid"):
        ValueType(name)


def test_decimals_are_not_listed_among_the_types() -> None:
    ValueType.decimal(4, 1)
    assert all(not member.is_decimal for member in ValueType)


def test_dates_and_timestamps_are_those_that_iso_8601_writes_with_four_digits() -> None:
    epoch, days = datetime.date(1970, 1, 1), datetime.timedelta(days=1)
    assert epoch + ValueType.DATE.minimum * days == datetime.date.min
    assert epoch + ValueType.DATE.maximum * days == datetime.date.max
    start, tick = datetime.datetime(1970, 1, 1), datetime.timedelta(microseconds=1)
    assert start + ValueType.TIMESTAMP.minimum * tick == datetime.datetime.min
    assert start + ValueType.TIMESTAMP.maximum * tick == datetime.datetime.max
