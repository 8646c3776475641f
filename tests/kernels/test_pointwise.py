# SPDX-License-Identifier: Apache-2.0
"""Clamps, quantization, dequantization and requantization, for every value that 8 bits have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from kernels.host_kernels import HostKernels, activation, layer
from kernels.reference_arithmetic import away, clamp, scaled

from tvm_stm32.kernels.implementation import Implementation
from tvm_stm32.model.network import (
    Activation,
    Arithmetic,
    Attributes,
    Clamp,
    Dequantize,
    Quantize,
    Reshape,
    Tensor,
)

RELU, RELU6, RELU_N1 = Activation(0.0, None), Activation(0.0, 6.0), Activation(-1.0, 1.0)
RANGES = {"int8": (-128, 127), "uint8": (0, 255)}
Quantized = tuple[str, float, int]


@dataclass(frozen=True)
class Case:
    """A conversion between (dtype, scale, zero point) or "float32"."""

    attributes: Attributes
    x: Quantized | str
    y: Quantized | str

    def tensors(self) -> tuple[Tensor, Tensor]:
        """x of 256 values, and y."""
        x, y = (
            activation(name, (1, 256), side) if isinstance(side, str) else activation(name, (1, 256), *side)
            for name, side in (("x", self.x), ("y", self.y))
        )
        return x, y

    def implementation(self) -> Implementation:
        """The kernel."""
        x, y = self.tensors()
        return layer(self.attributes, [x], y, Arithmetic.FLOAT if self.x == self.y == "float32" else Arithmetic.TFLITE)


INTEGERS = [
    Case(Clamp(RELU), ("int8", 0.1, -3), ("int8", 0.1, -3)),
    Case(Clamp(RELU), ("int8", 0.1, -3), ("int8", 0.1, -128)),
    Case(Clamp(RELU), ("int8", 0.1, -3), ("int8", 0.037, 5)),
    Case(Clamp(RELU), ("int8", 0.001, 100), ("int8", 5.0, 127)),
    Case(Clamp(RELU6), ("int8", 0.1, -128), ("int8", 0.1, -128)),
    Case(Clamp(RELU6), ("int8", 0.02, 100), ("int8", 0.02, 100)),
    Case(Clamp(RELU6), ("int8", 0.1, -20), ("int8", 0.05, 3)),
    Case(Clamp(RELU_N1), ("int8", 0.02, 10), ("int8", 0.013, -10)),
    Case(Quantize(), ("int8", 0.1, -3), ("int8", 0.037, 5)),
    Case(Quantize(), ("int8", 0.1, -3), ("int8", 50.0, 5)),
    Case(Quantize(), ("int8", 0.1, -3), ("int8", 0.0001, 5)),
    Case(Quantize(), ("int8", 0.1, -3), ("int8", 0.1, -3)),
    Case(Quantize(), ("uint8", 0.1, 128), ("int8", 0.1, 0)),
    Case(Quantize(), ("int8", 0.1, 0), ("uint8", 0.1, 128)),
    Case(Quantize(), ("uint8", 0.1, 7), ("int8", 0.03, 3)),
    Case(Quantize(), ("int8", 0.1, 7), ("uint8", 0.03, 3)),
]
TO_FLOAT = [
    Case(Dequantize(), ("int8", 0.1, -3), "float32"),
    Case(Dequantize(), ("uint8", 1e-5, 200), "float32"),
]
FROM_FLOAT = [
    Case(Quantize(), "float32", ("int8", 0.1, -3)),
    Case(Quantize(), "float32", ("int8", 0.5, 127)),
    Case(Quantize(), "float32", ("int8", 1.0, -128)),
    Case(Quantize(), "float32", ("uint8", 0.25, 4)),
]
FLOATS = [
    Case(Clamp(RELU), "float32", "float32"),
    Case(Clamp(RELU6), "float32", "float32"),
    Case(Reshape(), "float32", "float32"),
]
COPIES = [
    Case(Reshape(), ("int8", 0.1, 3), ("int8", 0.1, 3)),
    Case(Reshape(), ("uint8", 0.1, 3), ("uint8", 0.1, 3)),
]
CASES = INTEGERS + TO_FLOAT + FROM_FLOAT + FLOATS + COPIES


def requantized(case: Case, value: int) -> int:
    """What TFLM computes: RELU6 ignores the output's quantization, the others divide scales in float32 or double."""
    assert not isinstance(case.x, str)
    assert not isinstance(case.y, str)
    dtype, x_scale, x_zero = case.x[0], np.float32(case.x[1]), case.x[2]
    dtype, y_scale, y_zero = case.y[0], np.float32(case.y[1]), case.y[2]
    low, high = RANGES[dtype]
    if isinstance(case.attributes, Quantize):
        return clamp(scaled(value - x_zero, float(x_scale) / float(y_scale)) + y_zero, low, high)
    assert isinstance(case.attributes, Clamp)
    bounds = case.attributes.activation
    if bounds == RELU6:
        return clamp(value, x_zero, min(127, x_zero + away(float(np.float32(6) / x_scale))))
    if bounds.low is not None:
        low = max(low, y_zero + away(float(np.float32(bounds.low) / y_scale)))
    if bounds.high is not None:
        high = min(high, y_zero + away(float(np.float32(bounds.high) / y_scale)))
    return clamp(scaled(value - x_zero, float(x_scale / y_scale)) + y_zero, low, high)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Case, npt.NDArray[Any]], npt.NDArray[Any]]:
    """Runs a case on an input of 256 values; all cases are in one library."""
    kernels = HostKernels(tmp_path_factory.mktemp("pointwise"), [case.implementation() for case in CASES])
    return lambda case, x: kernels.run(CASES.index(case), [x], case.tensors()[1])


def everything(case: Case) -> npt.NDArray[Any]:
    """All 256 values of the input's type."""
    low, high = RANGES[case.x[0]]
    return np.arange(low, high + 1).astype(case.x[0]).reshape(1, 256)


@pytest.mark.parametrize("case", INTEGERS, ids=str)
def test_integers_equal_the_reference(run: Callable[..., npt.NDArray[Any]], case: Case) -> None:
    x = everything(case)
    expected = [requantized(case, int(value)) for value in x.ravel()]
    np.testing.assert_array_equal(run(case, x).ravel(), expected)


@pytest.mark.parametrize("case", TO_FLOAT, ids=str)
def test_dequantization_rounds_once(run: Callable[..., npt.NDArray[Any]], case: Case) -> None:
    x = everything(case)
    scale, zero_point = float(np.float32(case.x[1])), int(case.x[2])
    expected = (scale * (x.astype(np.float64) - zero_point)).astype(np.float32)
    np.testing.assert_array_equal(run(case, x), expected)


@pytest.mark.parametrize("case", FROM_FLOAT, ids=str)
def test_quantization_rounds_halves_away_from_zero(run: Callable[..., npt.NDArray[Any]], case: Case) -> None:
    dtype, scale, zero_point = case.y
    steps = np.concatenate([np.arange(-64, 62) / 2, [0.49999997, -0.49999997]]).astype(np.float32)
    random = np.random.default_rng(1).normal(0, 200, 124).astype(np.float32)
    extremes = np.array([3e38, -3e38, 1e-40, -0.0], np.float32)
    x = (np.concatenate([steps, random, extremes]) * np.float32(scale)).astype(np.float32)
    quotients = x / np.float32(scale)
    expected = [clamp(away(float(q)) + int(zero_point), *RANGES[str(dtype)]) for q in quotients]
    np.testing.assert_array_equal(run(case, x.reshape(1, -1)).ravel(), expected)


@pytest.mark.parametrize("case", FROM_FLOAT, ids=str)
def test_quantization_of_what_is_not_finite_is_defined(run: Callable[..., npt.NDArray[Any]], case: Case) -> None:
    x = np.resize(np.array([np.inf, -np.inf, np.nan], np.float32), (1, 256))
    low, high = RANGES[case.y[0]]
    assert run(case, x).ravel()[:3].tolist() == [high, low, low]


@pytest.mark.parametrize("case", FLOATS, ids=str)
def test_floats_are_clamped(run: Callable[..., npt.NDArray[Any]], case: Case) -> None:
    x = np.random.default_rng(2).normal(0, 5, (1, 256)).astype(np.float32)
    bounds = case.attributes.activation if isinstance(case.attributes, Clamp) else Activation()
    np.testing.assert_array_equal(run(case, x), np.clip(x, bounds.low, bounds.high))


@pytest.mark.parametrize("case", COPIES, ids=str)
def test_copies_keep_every_value(run: Callable[..., npt.NDArray[Any]], case: Case) -> None:
    np.testing.assert_array_equal(run(case, everything(case)), everything(case))


def test_a_factor_of_one_needs_no_table() -> None:
    families = [case.implementation().specification.family for case in INTEGERS]
    assert families[0] == families[1] == "clamp"
    assert families[2] == "lookup"
    assert families[12] == "requantize"
