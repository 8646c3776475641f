# SPDX-License-Identifier: Apache-2.0
"""Softmax of int8, bit for bit gemmlowp's fixed-point functions as TFLite uses them, and of float32."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from kernels.host_kernels import HostKernels, activation, layer
from kernels.reference_arithmetic import clamp, high_multiply, shift_right, split

from tvm_stm32.errors import ModelError
from tvm_stm32.kernels.implementation import Implementation
from tvm_stm32.model.network import Arithmetic, Softmax, Tensor

MAX = 2**31 - 1
#: shape, scale of x (None: float32), beta
CASES: list[tuple[tuple[int, ...], float | None, float]] = [
    ((1, 12), 0.1, 1.0),
    ((1, 3, 5, 7), 0.02, 1.0),
    ((2, 256), 0.25, 0.5),
    ((1, 256), 0.003, 3.0),
    ((1, 1), 0.1, 1.0),
    ((4, 2), 40.0, 1.0),  # the differences of one step already reach the lowest exponent
    ((4, 9), 1e-6, 1.0),
    ((1, 9000), 0.05, 1.0),  # sums above 512 and, in one input, above 4096
    ((1, 12), None, 1.0),
    ((2, 3, 40), None, 0.25),
]


def tensors(case: tuple[tuple[int, ...], float | None, float]) -> tuple[Tensor, Tensor]:
    """x and y."""
    shape, scale, _ = case
    if scale is None:
        return activation("x", shape, "float32"), activation("y", shape, "float32")
    return activation("x", shape, "int8", scale, 17), activation("y", shape, "int8", 1 / 256, -128)


def implementation(case: tuple[tuple[int, ...], float | None, float]) -> Implementation:
    """The kernel."""
    x, y = tensors(case)
    return layer(Softmax(case[2]), [x], y, Arithmetic.FLOAT if case[1] is None else Arithmetic.TFLITE)


def saturate(value: int) -> int:
    """To 32 bits."""
    return clamp(value, -(2**31), MAX)


def exponential(x: int) -> int:
    """gemmlowp's exp_on_negative_values, Q5.26 to Q0.31."""
    if x == 0:
        return MAX
    quarter = 1 << 24
    low = (x & (quarter - 1)) - quarter
    a = (low << 5) + (1 << 28)
    square = high_multiply(a, a)
    cube, fourth = high_multiply(square, a), high_multiply(square, square)
    tail = high_multiply(shift_right(fourth, 2) + cube, 715827883) + square
    result = 1895147668 + high_multiply(1895147668, a + shift_right(tail, 1))
    factors = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
    for bit, factor in enumerate(factors):
        if (low - x) >> (24 + bit) & 1:
            result = high_multiply(result, factor)
    return result


def reciprocal(total: int) -> tuple[int, int]:
    """TFLite's GetReciprocal of a sum in Q12.19: the factor in Q0.31 and the bits above one."""
    headroom = 32 - total.bit_length()
    digits = (total << headroom) - 2**31
    half = (digits + MAX + 1) // 2
    x = 1515870810 + high_multiply(half, -1010580540)
    for _ in range(3):
        error = (1 << 29) - high_multiply(half, x)
        x += saturate(high_multiply(x, error) << 2)
    return saturate(x << 1), 12 - headroom


def softmax(row: npt.NDArray[Any], scale: float, beta: float) -> list[int]:
    """TFLite's reference softmax of one row; beyond its limits (a sum above 512) every result is below half a unit."""
    multiplier, shift = split(min(beta * float(np.float32(scale)) * 2**26, 2.0**31 - 1))
    least = -math.floor(31 * 2**26 / 2**shift)
    differences = [int(value) - int(row.max()) for value in row]
    known = {d: exponential(high_multiply(d << shift, multiplier)) if d >= least else 0 for d in set(differences)}
    exponentials = [known[d] for d in differences]
    total = min(sum(shift_right(e, 12) for e in exponentials), MAX)
    factor, bits = reciprocal(total)
    exponent = bits + 31 - 8
    return [clamp(shift_right(high_multiply(factor, e), exponent) - 128, -128, 127) for e in exponentials]


def inputs(case: tuple[tuple[int, ...], float | None, float]) -> list[npt.NDArray[Any]]:
    """Random rows, equal values, and a slope over all differences."""
    shape, scale, _ = case
    random = np.random.default_rng(1)
    if scale is None:
        return [random.normal(0, spread, shape).astype(np.float32) for spread in (0.1, 5, 200)]
    slope = np.resize(np.arange(-128, 128), shape)
    narrow = np.clip(random.normal(40, 6, shape), -128, 127)
    wide = random.integers(-128, 128, shape)
    return [kind.astype(np.int8) for kind in (wide, narrow, slope, np.full(shape, -128), np.full(shape, 127))]


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> HostKernels:
    """All cases in one library."""
    return HostKernels(tmp_path_factory.mktemp("softmax"), [implementation(case) for case in CASES])


@pytest.mark.parametrize("index", range(len(CASES)), ids=lambda index: str(CASES[index]))
def test_equals_the_reference(kernels: HostKernels, index: int) -> None:
    _, scale, beta = case = CASES[index]
    for x in inputs(case):
        found = kernels.run(index, [x], tensors(case)[1])
        rows = x.reshape(-1, x.shape[-1])
        if scale is None:
            powers = np.exp(beta * (rows - rows.max(axis=1, keepdims=True)).astype(np.float64))
            expected = powers / powers.sum(axis=1, keepdims=True)
            np.testing.assert_allclose(found.reshape(rows.shape), expected, rtol=1e-5, atol=1e-30)
        else:
            np.testing.assert_array_equal(found.reshape(rows.shape), [softmax(row, scale, beta) for row in rows])


def test_a_scale_that_leaves_no_bits_is_refused() -> None:
    with pytest.raises(ModelError, match="too small"):
        implementation(((1, 4), 1e-9, 1.0))
