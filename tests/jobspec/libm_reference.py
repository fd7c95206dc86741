"""The mathematical kernels' references: mpmath with 200 bits, rounded once, exactly."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from fractions import Fraction
from random import Random
from typing import Any

import mpmath

PRECISION = 220
FAR_PRECISION = 1400
"""For angles up to 1e308: what is left of them is 1,100 bits below their first."""

mp = mpmath.mp

ONE_OPERAND: dict[str, Callable[[Any], Any]] = {
    "exp": mp.exp,
    "exp2": lambda x: mp.mpf(2) ** x,
    "expm1": mp.expm1,
    "ln": mp.log,
    "log2": lambda x: mp.log(x) / mp.log(2),
    "log10": lambda x: mp.log(x) / mp.log(10),
    "log1p": mp.log1p,
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "cot": mp.cot,
    "asin": mp.asin,
    "acos": mp.acos,
    "atan": mp.atan,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "tanh": mp.tanh,
    "asinh": mp.asinh,
    "acosh": mp.acosh,
    "atanh": mp.atanh,
    "gamma": mp.gamma,
    "lgamma": mp.loggamma,
}
TWO_OPERANDS: dict[str, Callable[[Any, Any], Any]] = {
    "pow": mp.power,
    "atan2": mp.atan2,
    "hypot": mp.hypot,
    "log": lambda base, x: mp.log(x) / mp.log(base),
}
ANGLES = ("sin", "cos", "tan", "cot")
GROWING = {"exp": 750, "exp2": 1080, "expm1": 750, "sinh": 712, "cosh": 712, "tanh": 50}
"""The largest arguments worth a look; references beyond take all memory."""


def reference(name: str, *args: float) -> float:
    """The correctly rounded result."""
    far = name in ANGLES and abs(args[0]) > 1e20
    with mp.workprec(FAR_PRECISION if far else PRECISION):
        function: Any = ONE_OPERAND.get(name) or TWO_OPERANDS[name]
        return rounded(function(*map(mp.mpf, args)))


def rounded(value: Any) -> float:
    """The nearest f64, subnormal ones included."""
    sign, significand, exponent, _ = value._mpf_
    if not mp.isfinite(value) or not significand:
        return float(value)
    exact = Fraction(int(significand)) * Fraction(2) ** exponent
    try:
        size = exact.numerator / exact.denominator
    except OverflowError:
        size = math.inf
    return -size if sign else size


def steps_between(a: float, b: float) -> int:
    """How many floats one must pass to come from one to the other."""
    return abs(_ordinal(a) - _ordinal(b))


def _ordinal(value: float) -> int:
    bits: int = struct.unpack("<q", struct.pack("<d", value))[0]
    return bits if bits >= 0 else -(bits & (1 << 63) - 1)


def any_float(random: Random) -> float:
    """A float of any finite bits."""
    while True:
        value: float = struct.unpack("<d", random.randbytes(8))[0]
        if math.isfinite(value):
            return value


def argument(name: str, random: Random) -> float:
    """An argument where the function is defined: of any size, or where it is hard."""
    small = random.uniform(-1, 1) * 10 ** random.uniform(-20, 0)
    near_one = 1 + random.uniform(-1, 1) * 10 ** random.uniform(-16, 0)
    far = any_float(random)
    if name in GROWING:
        end = GROWING[name]
        return random.choice((small, random.uniform(-end, end), random.uniform(-3, 3)))
    if name in ANGLES:
        quarters = random.randrange(1, 10 ** random.randrange(2, 9)) * math.pi / 2
        return random.choice((small, far, quarters, random.uniform(-1e6, 1e6), near_one))
    match name:
        case "ln" | "log2" | "log10":
            return abs(random.choice((near_one, far, small))) or 1.0
        case "log1p":
            return random.choice((small, abs(far), near_one - 1))
        case "asin" | "acos" | "atanh":
            return max(-1.0, min(1.0, random.choice((small, near_one, random.uniform(-1, 1)))))
        case "acosh":
            return random.choice((1 + abs(far), 1 + abs(small), 2 - min(near_one, 1.0)))
        case "gamma":
            return random.choice((random.uniform(-170, 171), random.uniform(-5, 5), small or 1.0))
        case "lgamma":
            return abs(random.choice((small, far / 1e3, near_one, near_one * 2, 30 * near_one)))
    return random.choice((small, far, near_one))


def arguments(name: str, random: Random) -> tuple[float, ...]:
    if name in ONE_OPERAND:
        return (argument(name, random),)
    base = argument("ln", random)
    match name:
        case "pow":
            return base, random.uniform(-745, 710) / (math.log(base) or 1)
        case "log":
            return (base if base != 1 else 2.0), argument("ln", random)
    return argument(name, random), random.choice((base, argument(name, random)))
