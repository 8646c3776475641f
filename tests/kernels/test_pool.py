# SPDX-License-Identifier: Apache-2.0
"""Maximum and average over windows: awkward geometry, rounding of halves, fused activations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from kernels.host_kernels import HostKernels, activation, layer
from kernels.reference_arithmetic import clamp, divide

from tvm_stm32.errors import ModelError
from tvm_stm32.kernels.implementation import Implementation
from tvm_stm32.kernels.target import Target
from tvm_stm32.model.network import Activation, Arithmetic, Padding, Pool2D, Tensor

NONE, RELU, RELU6 = Activation(), Activation(0.0, None), Activation(0.0, 6.0)


@dataclass(frozen=True)
class Case:
    """A window over a plane (H, W, C). Padding is all around; the output's size follows from it."""

    mode: str
    dtype: str
    plane: tuple[int, int, int]
    kernel: tuple[int, int]
    strides: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)  # top, left, bottom, right
    activation: Activation = NONE
    count_padding: bool = False

    def tensors(self) -> tuple[Tensor, Tensor]:
        """x and y, of scale 1/16 and zero point -2 where quantized."""
        height, width, channels = self.plane
        top, left, bottom, right = self.padding
        rows = (height + top + bottom - self.kernel[0]) // self.strides[0] + 1
        columns = (width + left + right - self.kernel[1]) // self.strides[1] + 1
        scale = None if self.dtype == "float32" else 1 / 16
        zero_point = 0 if self.dtype == "uint8" else -2
        x = activation("x", (1, height, width, channels), self.dtype, scale, zero_point)
        return x, activation("y", (1, rows, columns, channels), self.dtype, scale, zero_point)

    def implementation(
        self,
        arithmetic: Arithmetic | None = None,
        target: Target = Target(),  # noqa: B008
    ) -> Implementation:
        """The kernel."""
        x, y = self.tensors()
        attributes = Pool2D(
            self.mode, self.kernel, self.strides, Padding(*self.padding), self.count_padding, self.activation
        )
        default = Arithmetic.FLOAT if self.dtype == "float32" else Arithmetic.TFLITE
        return layer(attributes, [x], y, arithmetic or default, target)


CASES = [
    Case("max", "int8", (7, 6, 6), (3, 3), (2, 2), (1, 1, 1, 1)),
    Case("max", "int8", (5, 5, 9), (2, 3), (1, 2), (0, 1, 1, 1), RELU6),
    Case("max", "int8", (3, 7, 5), (1, 1), (1, 3), activation=Activation(-1.0, 1.0)),
    Case("max", "int8", (1, 1, 1), (1, 1)),
    Case("max", "int8", (4, 4, 4), (4, 4), (4, 4)),
    Case("max", "uint8", (6, 6, 3), (2, 2), (2, 2)),
    Case("max", "float32", (6, 5, 7), (3, 2), (2, 2), (1, 0, 1, 1)),
    Case("max", "float32", (4, 4, 2), (2, 2), (1, 1), activation=RELU6),
    Case("average", "int8", (8, 8, 64), (8, 8), (8, 8)),
    Case("average", "int8", (7, 6, 6), (3, 3), (2, 2), (1, 1, 1, 1)),
    Case("average", "int8", (25, 5, 5), (25, 5), (25, 5), activation=RELU),
    Case("average", "int8", (5, 5, 3), (2, 2), (1, 1), (0, 0, 1, 1), RELU6),
    Case("average", "int8", (3, 3, 2), (1, 1)),
    Case("average", "int8", (15, 17, 5), (15, 17)),
    Case("average", "int8", (16, 16, 4), (16, 16)),
    Case("average", "float32", (7, 6, 6), (3, 3), (2, 2), (1, 1, 1, 1), RELU6),
    Case("average", "float32", (7, 6, 6), (3, 3), (2, 2), (1, 1, 1, 1), count_padding=True),
]


def values(case: Case, seed: int) -> npt.NDArray[Any]:
    """Random contents; around -128 for an odd seed, where sums are negative and saturate."""
    random = np.random.default_rng(seed)
    x, _ = case.tensors()
    if case.dtype == "float32":
        return random.normal(0, 4, x.shape).astype(np.float32)
    limits = np.iinfo(case.dtype)
    high = limits.min + 3 if seed % 2 else limits.max + 1
    return random.integers(limits.min, high, x.shape).astype(case.dtype)


def expected(case: Case, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """One window at a time."""
    y = case.tensors()[1]
    result = np.zeros(y.shape, np.float64)
    top, left = case.padding[:2]
    for _, row, column, channel in np.ndindex(*y.shape):
        first_row, first_column = row * case.strides[0] - top, column * case.strides[1] - left
        window = x[
            0,
            max(first_row, 0) : first_row + case.kernel[0],
            max(first_column, 0) : first_column + case.kernel[1],
            channel,
        ].ravel()
        result[0, row, column, channel] = reduce(case, window)
    return result


def reduce(case: Case, window: npt.NDArray[Any]) -> float:
    """The output of one window: TFLite's average rounds halves away from zero."""
    count = case.kernel[0] * case.kernel[1] if case.count_padding else window.size
    low, high = case.activation.low, case.activation.high
    if case.dtype == "float32":
        value = window.max() if case.mode == "max" else window.sum(dtype=np.float64) / count
        return float(np.clip(value, low, high))
    limits, zero_point = np.iinfo(case.dtype), -2
    total = int(window.sum(dtype=np.int64))
    value = int(window.max()) if case.mode == "max" else divide(total + count // 2 * (1 if total > 0 else -1), count)
    lowest = limits.min if low is None else int(low * 16) + zero_point
    highest = limits.max if high is None else int(high * 16) + zero_point
    return clamp(value, lowest, highest)


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> HostKernels:
    """All cases in one library, each without and with DSP instructions."""
    implementations = [case.implementation(target=Target(dsp)) for dsp in (False, True) for case in CASES]
    return HostKernels(tmp_path_factory.mktemp("pool"), implementations)


@pytest.mark.parametrize("index", range(len(CASES)), ids=lambda index: str(CASES[index]))
def test_equals_the_reference(kernels: HostKernels, index: int) -> None:
    case = CASES[index]
    for seed in range(3):
        x = values(case, seed)
        result = expected(case, x)
        for kernel in (index, len(CASES) + index):
            found = kernels.run(kernel, [x], case.tensors()[1])
            if case.dtype == "float32":
                np.testing.assert_allclose(found, result, rtol=1e-6, atol=1e-6)
            else:
                np.testing.assert_array_equal(found, result)


def test_a_maximum_serves_every_arithmetic_and_an_average_one() -> None:
    maximum = Case("max", "int8", (4, 4, 4), (2, 2))
    assert maximum.implementation(Arithmetic.ONNX).specification == maximum.implementation().specification
    with pytest.raises(ModelError, match="no kernel"):
        Case("average", "uint8", (4, 4, 4), (2, 2)).implementation(Arithmetic.TFLITE)
