# SPDX-License-Identifier: Apache-2.0
"""Kernels that round as onnxruntime: without a warning from any compiler, without undefined behaviour, in its order."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from kernels.host_kernels import HostKernels, activation, layer

from tvm_stm32.kernels.implementation import Implementation
from tvm_stm32.model.network import (
    Activation,
    Add,
    Arithmetic,
    Attributes,
    Clamp,
    Dequantize,
    Mean,
    Mul,
    Padding,
    Pool2D,
    Quantize,
    Softmax,
    Summation,
    Tensor,
)

ONNX = Arithmetic.ONNX
F = np.float32
X = activation("x", (1, 5, 7, 6), scale=0.0371, zero_point=-3)
ROW = activation("x", (1, 300), scale=0.0371, zero_point=-3)
OTHER = activation("b", (1, 300), scale=0.052, zero_point=17)
HALF = activation("x", (1, 300), scale=0.5)
WHOLE = activation("y", (1, 300), scale=1.0)


def pooled(attributes: Pool2D | Mean, shape: tuple[int, ...]) -> tuple[Implementation, Tensor]:
    y = activation("y", shape, scale=0.0371, zero_point=-3)
    return layer(attributes, [X], y, ONNX), y


def unary(attributes: Attributes, x: Tensor, y: Tensor) -> tuple[Implementation, Tensor]:
    return layer(attributes, [x], y, ONNX), y


def target(scale: float, zero_point: int = 0, dtype: str = "int8") -> Tensor:
    return activation("y", (1, 300), dtype, scale, zero_point)


WINDOW = {"kernel": (3, 2), "strides": (2, 1), "padding": Padding(1, 1, 1, 0)}
CASES: dict[str, tuple[Implementation, Tensor]] = {
    "rows": pooled(Pool2D("average", **WINDOW), (1, 3, 7, 6)),  # type: ignore[arg-type]
    "columns": pooled(Pool2D("average", summation=Summation.COLUMNS, **WINDOW), (1, 3, 7, 6)),  # type: ignore[arg-type]
    "four lanes": pooled(Pool2D("average", (5, 7), summation=Summation.FOUR_LANES), (1, 1, 1, 6)),
    "eight lanes": pooled(Mean((1, 2), summation=Summation.EIGHT_LANES), (1, 6)),
    "one by one": pooled(Mean((1, 2)), (1, 6)),
    "softmax": unary(Softmax(), ROW, target(1 / 256, -128)),
    "quantize": unary(Quantize(), activation("x", (1, 300), "float32"), target(0.04, 5)),
    "dequantize": unary(Dequantize(), ROW, activation("y", (1, 300), "float32")),
    "requantize": unary(Quantize(), ROW, target(0.03, 9)),
    "unsigned": unary(Quantize(), ROW, target(0.0371, 125, "uint8")),
    "clamp": unary(Clamp(Activation(0.0, 6.0)), ROW, target(0.0371, -3)),
    "sum": (layer(Add(), [ROW, OTHER], target(0.0613, -9), ONNX), target(0.0613, -9)),
    "sum with ties": (layer(Add(), [HALF, activation("b", (1, 300), scale=0.5)], WHOLE, ONNX), WHOLE),
    "product": (layer(Mul(), [ROW, OTHER], target(0.1, -9), ONNX), target(0.1, -9)),
    "product with ties": (layer(Mul(), [HALF, activation("b", (1, 300), scale=0.5)], WHOLE, ONNX), WHOLE),
}


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> HostKernels:
    """All of them, compiled with every warning an error."""
    return HostKernels(tmp_path_factory.mktemp("kernels"), [implementation for implementation, _ in CASES.values()])


def run(kernels: HostKernels, name: str, *inputs: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return kernels.run(list(CASES).index(name), inputs, CASES[name][1])


def real(values: npt.NDArray[np.int8], tensor: Tensor) -> npt.NDArray[np.float32]:
    """In float32, as onnxruntime dequantizes."""
    assert tensor.quantization is not None
    return (values.astype(np.int32) - tensor.quantization.zero_point).astype(F) * F(tensor.quantization.scale)


def quantized(values: npt.NDArray[np.float32], tensor: Tensor) -> npt.NDArray[Any]:
    """As onnxruntime quantizes."""
    assert tensor.quantization is not None
    limits = np.iinfo(tensor.dtype)
    steps = np.rint(values / F(tensor.quantization.scale)) + tensor.quantization.zero_point
    return np.clip(steps, limits.min, limits.max).astype(tensor.dtype)


def random(shape: tuple[int, ...], seed: int = 0) -> npt.NDArray[np.int8]:
    return np.random.default_rng(seed).integers(-128, 127, shape, np.int8, endpoint=True)


@pytest.mark.parametrize("name", ["rows", "columns"])
def test_windows(kernels: HostKernels, name: str) -> None:
    values = random(X.shape)
    plane, expected = real(values, X)[0], np.zeros((1, 3, 7, 6), F)
    for row, column in np.ndindex(3, 7):
        taps = plane[max(2 * row - 1, 0) : min(2 * row + 2, 5), max(column - 1, 0) : column + 1]
        total = np.zeros(6, F)
        if name == "rows":
            for tap in taps.reshape(-1, 6):
                total = total + tap
        else:
            for line in taps.swapaxes(0, 1):
                total = total + sum(line[1:], line[0])
        expected[0, row, column] = total / F(taps.shape[0] * taps.shape[1])
    np.testing.assert_array_equal(run(kernels, name, values), quantized(expected, CASES[name][1]))


def added(values: npt.NDArray[np.float32], row: int, lanes: int) -> np.float32:
    """The sum of a row of a tensor, in partial sums of vectors of four."""
    first = min(-row * len(values) % 4, len(values)) if lanes == 8 else 0
    vectors = (len(values) - first) // 4 if lanes else 0
    sums = np.zeros(max(lanes, 4), F)
    whole = vectors * 4 // lanes * lanes if lanes else 0
    for start in range(first, first + whole, lanes or 1):
        sums = sums + values[start : start + lanes]
    if lanes == 8:
        sums = sums[:4] + sums[4:]
        if vectors % 2:
            sums = sums + values[first + whole : first + whole + 4]
    total = (sums[0] + sums[2]) + (sums[1] + sums[3])
    for value in (*values[:first], *values[first + vectors * 4 :]):
        total = total + value
    return F(total)


@pytest.mark.parametrize(("name", "lanes"), [("four lanes", 4), ("eight lanes", 8), ("one by one", 0)])
def test_whole_planes(kernels: HostKernels, name: str, lanes: int) -> None:
    for seed in range(20):
        values = random(X.shape, seed)
        plane = real(values, X).reshape(35, 6)
        means = np.array([added(plane[:, c], c, lanes) / F(35) for c in range(6)])
        y = CASES[name][1]
        np.testing.assert_array_equal(run(kernels, name, values).reshape(-1), quantized(means, y))


@pytest.mark.parametrize("name", ["sum", "sum with ties", "product", "product with ties"])
def test_pairs(kernels: HostKernels, name: str) -> None:
    a, b = (HALF, HALF) if "ties" in name else (ROW, OTHER)
    for seed in range(20):
        x, y = random((1, 300), seed), random((1, 300), seed + 100)
        combined = real(x, a) + real(y, b) if "sum" in name else real(x, a) * real(y, b)
        np.testing.assert_array_equal(run(kernels, name, x, y), quantized(combined, CASES[name][1]))


def test_ties_are_computed_in_float() -> None:
    families = {name: implementation.arguments for name, (implementation, _) in CASES.items()}
    assert len(families["sum"]) == len(families["product"]) == 3
    assert len(families["sum with ties"]) == 5


def test_softmax(kernels: HostKernels) -> None:
    values = random((1, 300))
    exponentials = np.exp(real(values, ROW).astype(np.float64))
    found = run(kernels, "softmax", values)
    exact = exponentials / exponentials.sum() * 256 - 128
    assert np.abs(found - exact).max() <= 0.5001


@pytest.mark.parametrize("name", ["requantize", "unsigned", "clamp"])
def test_unary(kernels: HostKernels, name: str) -> None:
    values = np.resize(np.arange(-128, 128, dtype=np.int8), (1, 300))
    reals = real(values, ROW)
    expected = quantized(np.clip(reals, F(0), F(6)) if name == "clamp" else reals, CASES[name][1])
    np.testing.assert_array_equal(run(kernels, name, values), expected)


def test_conversions(kernels: HostKernels) -> None:
    values = random((1, 300))
    np.testing.assert_array_equal(run(kernels, "dequantize", values), real(values, ROW))
    floats = np.resize(np.array([0.02, -0.02, 0.06, 1e30, -1e30, np.inf, -np.inf, 0.0, 3.3], F), (1, 300))
    np.testing.assert_array_equal(run(kernels, "quantize", floats), quantized(floats, CASES["quantize"][1]))


def test_what_is_no_number_becomes_the_least(kernels: HostKernels) -> None:
    assert (run(kernels, "quantize", np.full((1, 300), np.nan, F)) == -128).all()
