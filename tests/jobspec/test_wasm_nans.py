"""NaNs of functions that were compiled elsewhere: canonical wherever their bits can be seen."""

from __future__ import annotations

import itertools
import math
import struct
from random import Random

import pytest

from jobspec.opcodes import OPERATORS
from jobspec.wasm_functions.checks import NAN_MAKERS
from tests.jobspec.wasm_modules import SCALARS, VALUES, Both


@pytest.mark.parametrize("name", sorted({*NAN_MAKERS} & {*SCALARS}))
def test_bits_of_nans_are_canonical_where_they_can_be_seen(name: str) -> None:
    _, params, result = OPERATORS[name]
    size = 32 if result == "f32" else 64
    gets = " ".join(f"local.get {at}" for at in range(len(params)))
    both = Both(
        f'(module (func (export "f") (param {" ".join(params)}) (result i{size})'
        f" {gets} {name} i{size}.reinterpret_{result}))"
    )
    canonical = 0x7FC00000 if size == 32 else 0x7FF8 << 48
    negative = struct.unpack("<d", struct.pack("<Q", 0xFFF8 << 48))[0]
    for args in itertools.product(*([*VALUES[kind], negative] for kind in params)):
        ours, theirs = both.ours("f", *args) % 2**size, both.theirs("f", *args) % 2**size
        infinity = 0x7F800000 if size == 32 else 0x7FF0 << 48
        is_nan = theirs % 2 ** (size - 1) > infinity
        assert ours == (canonical if is_nan else theirs), (name, args)


def test_zero_by_zero_is_the_canonical_nan_in_lanes_too() -> None:
    both = Both(
        """(module (memory 1)
        (func (export "f64") (result i64)
          f64.const 0 f64.const 0 f64.div f64.const 1 f64.add i64.reinterpret_f64)
        (func (export "sign") (result f64)
          f64.const 3 f64.const 0 f64.const 0 f64.div f64.copysign)
        (func (export "stored") (result i64)
          i32.const 0 f64.const 0 f64.const 0 f64.div f64.store i32.const 0 i64.load)
        (func (export "lanes") (result i64)
          v128.const f64x2 0 1 v128.const f64x2 0 0 f64x2.div i64x2.extract_lane 0)
        (func (export "mixed") (result i64)
          v128.const f32x4 0 0 0 0 v128.const f32x4 0 0 0 0 f32x4.div
          v128.const f64x2 0 0 f64x2.add i64x2.extract_lane 0))"""
    )
    assert both.ours("f64") == both.ours("stored") == both.ours("lanes") == 0x7FF8 << 48
    assert struct.unpack("<d", struct.pack("<Q", both.ours("sign")))[0] == 3.0
    assert both.ours("mixed") == 0x7FC00000_7FC00000


def test_a_nan_that_is_only_moved_keeps_its_bits() -> None:
    both = Both(
        """(module (memory 1) (func (export "f") (param i64) (result i64)
          i32.const 0 local.get 0 i64.store
          i32.const 8 i32.const 0 f64.load f64.store
          i32.const 8 f64.load f64.neg i64.reinterpret_f64))"""
    )
    payload = 0x7FF0000000000ABC
    assert both.ours("f", payload) == both.theirs("f", payload)


class Floats:
    """Random functions over floats, whose NaNs go every way and are folded to bits in the end."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def module(self) -> str:
        body = " ".join(self._statement(2) for _ in range(self._random.randint(2, 7)))
        fold = " ".join(
            f"local.get {name} {self._bits(kind)} i64.xor i64.const 31 i64.rotl"
            for name, kind in _VARIABLES
        )
        return (
            "(module (memory 1) (global $g (mut f64) (f64.const 0))"
            "(func $same (param f64) (result f64) local.get 0)"
            '(func (export "f") (param $a f64) (param $b f64) (result i64)'
            " (local $c f64) (local $d f32) (local $e f32) (local $v v128) (local $w v128)"
            f" {body} global.get $g i64.reinterpret_f64 {fold}))"
        )

    def _bits(self, kind: str) -> str:
        return {
            "f64": "i64.reinterpret_f64",
            "f32": "i32.reinterpret_f32 i64.extend_i32_u",
            "v128": f"i64x2.extract_lane {self._random.randint(0, 1)}",
        }[kind]

    def _statement(self, depth: int) -> str:
        name, kind = self._random.choice(_VARIABLES)
        value = self._value(kind, 3)
        inner = self._statement(depth - 1) if depth else ""
        return self._random.choice(
            (
                *(f"{value} local.set {name}",) * 4,
                f"{value} local.tee {name} drop",
                f"{self._value('f64', 2)} global.set $g",
                f"i32.const 8 {self._value('f64', 2)} f64.store",
                f"block {inner} local.get $a f64.const 0 f64.lt br_if 0 {inner} end",
                f"{self._value('f32', 2)} f32.const 1 f32.lt if {inner} else {inner} end",
                f"{self._value('f64', 2)} i64.trunc_sat_f64_s drop",
            )
        )

    def _value(self, kind: str, depth: int) -> str:
        names = [name for name, its in _VARIABLES if its == kind]
        name = self._random.choice(names)
        if depth == 0 or self._random.random() < 0.2:
            constant = (
                f"{kind}.const {self._random.choice(['0', 'inf', '-1.5', 'nan', '-nan:0x1'])}"
            )
            choices = [f"local.get {name}", "global.get $g" if kind == "f64" else ""]
            choices.append(constant if kind != "v128" else "v128.const f64x2 inf 0")
            return self._random.choice([choice for choice in choices if choice])
        one, other = self._value(kind, depth - 1), self._value(kind, depth - 1)
        if kind == "v128":
            return self._vector(one, other, depth)
        from_other = {
            "f64": f"{self._value('f32', depth - 1)} f64.promote_f32",
            "f32": f"{self._value('f64', depth - 1)} f32.demote_f64",
        }[kind]
        operation = self._random.choice(("add", "sub", "mul", "div", "min", "max", "copysign"))
        return self._random.choice(
            (
                *(f"{one} {other} {kind}.{operation}",) * 5,
                f"{one} {kind}.{self._random.choice(('neg', 'abs', 'sqrt', 'floor', 'nearest'))}",
                f"{one} local.tee {name}",
                f"{one} {other} {one} {other} {kind}.lt select",
                f"block (result {kind}) {one} end",
                f"{one} block (param {kind}) (result {kind}) {kind}.neg end",
                from_other,
                f"{one} call $same" if kind == "f64" else one,
                f"{self._value('v128', depth - 1)} {kind}x{self._lanes(kind)}.extract_lane 1",
            )
        )

    def _lanes(self, kind: str) -> int:
        return 2 if kind == "f64" else 4

    def _vector(self, one: str, other: str, depth: int) -> str:
        shape = self._random.choice(("f32x4", "f64x2"))
        operation = self._random.choice(("add", "mul", "div", "min", "pmax", "eq"))
        return self._random.choice(
            (
                *(f"{one} {other} {shape}.{operation}",) * 4,
                f"{one} {shape}.{self._random.choice(('sqrt', 'neg', 'ceil'))}",
                f"{self._value('f64', depth - 1)} f64x2.splat",
                f"{one} {self._value('f32', depth - 1)} f32x4.replace_lane 2",
                f"{one} f32x4.demote_f64x2_zero",
                f"{one} f64x2.promote_low_f32x4",
            )
        )


_VARIABLES = (
    *(("$a", "f64"), ("$b", "f64"), ("$c", "f64"), ("$d", "f32"), ("$e", "f32")),
    *(("$v", "v128"), ("$w", "v128")),
)


@pytest.mark.parametrize("seed", range(8))
def test_nans_have_the_bits_of_the_deterministic_profile_wherever_they_go(seed: int) -> None:
    for number in range(12):
        wat = Floats(seed * 1000 + number).module()
        both = Both(wat)
        for args in ((0.0, -1.5), (math.inf, 2.0), (math.nan, -math.inf)):
            assert both.ours("f", *args) == both.deterministic("f", *args), wat
