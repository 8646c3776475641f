# SPDX-License-Identifier: Apache-2.0
"""Mean over any axes of int8 and float32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from kernels.host_kernels import HostKernels, activation, layer
from kernels.reference_arithmetic import clamp, divide, high_multiply, shift_right, split

from tvm_stm32.kernels.implementation import Implementation
from tvm_stm32.kernels.target import Target
from tvm_stm32.model.network import Arithmetic, Mean, Tensor


@dataclass(frozen=True)
class Case:
    """A mean over some axes; `scales` of x and y where quantized."""

    shape: tuple[int, ...]
    axes: tuple[int, ...]
    keep_dims: bool = False
    scales: tuple[float, float] | None = None
    zero_points: tuple[int, int] = (0, 0)

    def tensors(self) -> tuple[Tensor, Tensor]:
        """x and y."""
        kept = [
            1 if axis in self.axes else extent
            for axis, extent in enumerate(self.shape)
            if self.keep_dims or axis not in self.axes
        ]
        dtype, scales = ("int8", self.scales) if self.scales else ("float32", (None, None))
        x = activation("x", self.shape, dtype, scales[0], self.zero_points[0])
        return x, activation("y", kept, dtype, scales[1], self.zero_points[1])

    def implementation(self, dsp: bool = False) -> Implementation:
        """The kernel."""
        x, y = self.tensors()
        arithmetic = Arithmetic.TFLITE if self.scales else Arithmetic.FLOAT
        return layer(Mean(self.axes, self.keep_dims), [x], y, arithmetic, Target(dsp))


CASES = [
    Case((1, 7, 5, 6), (1, 2), scales=(0.05, 0.05), zero_points=(-128, -128)),
    Case((1, 7, 5, 6), (1, 2), True, (0.05, 0.013), (127, -5)),
    Case((1, 4, 4, 4), (1, 2), scales=(0.05, 0.9), zero_points=(3, 100)),
    Case((1, 3, 5, 7), (3,), scales=(0.3, 0.2), zero_points=(3, 4)),
    Case((1, 3, 5, 7), (1, 3), scales=(0.3, 0.2), zero_points=(3, 4)),
    Case((1, 3, 5, 7), (0, 1, 2, 3), scales=(1.0, 0.01), zero_points=(-7, 0)),
    Case((1, 15, 17, 5), (1, 2), scales=(0.05, 0.05), zero_points=(-128, -128)),
    Case((2, 3, 4, 9), (0, 2), scales=(0.05, 0.05), zero_points=(4, -128)),
    Case((1, 48), (1,), True, (0.5, 0.5)),
    Case((9,), (0,), scales=(100.0, 1e-3)),
    Case((9,), (0,), scales=(1e-9, 100.0)),
    Case((1, 6, 1, 4), (2,), scales=(0.1, 0.1), zero_points=(5, 5)),
    Case((1, 7, 5, 6), (1, 2)),
    Case((1, 7, 5, 6), (2, 3), True),
    Case((5, 6), (0,)),
]


def values(case: Case, seed: int) -> npt.NDArray[Any]:
    """Random contents, or one extreme value throughout."""
    random = np.random.default_rng(seed)
    if case.scales is None:
        return random.normal(0, 4, case.shape).astype(np.float32)
    if seed > 1:
        return np.full(case.shape, (-128, 127)[seed % 2], np.int8)
    return random.integers(-128, 128, case.shape).astype(np.int8)


def mean_int8(case: Case, total: int, count: int) -> int:
    """TFLite's mean: the count divides the multiplier of the scales, in integers."""
    assert case.scales
    x_scale, y_scale = (float(np.float32(scale)) for scale in case.scales)
    multiplier, shift = split(x_scale / y_scale)
    bits = min(count.bit_length() - 1, 32, 31 + shift)
    multiplier, shift = divide(multiplier << bits, count), shift - bits
    wide = (total - case.zero_points[0] * count) << max(shift, 0)
    scaled = shift_right(high_multiply(wide, multiplier), max(-shift, 0))
    return clamp(scaled + case.zero_points[1], -128, 127)


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> HostKernels:
    """All cases in one library, each without and with DSP instructions."""
    implementations = [case.implementation(dsp) for dsp in (False, True) for case in CASES]
    return HostKernels(tmp_path_factory.mktemp("mean"), implementations)


@pytest.mark.parametrize("index", range(len(CASES)), ids=lambda index: str(CASES[index]))
def test_equals_the_reference(kernels: HostKernels, index: int) -> None:
    case = CASES[index]
    y = case.tensors()[1]
    for seed in range(4):
        x = values(case, seed)
        for found in (kernels.run(kernel, [x], y) for kernel in (index, len(CASES) + index)):
            if case.scales is None:
                mean = x.mean(axis=case.axes, keepdims=case.keep_dims, dtype=np.float64)
                np.testing.assert_allclose(found, mean, rtol=1e-5, atol=1e-5)
                continue
            totals = x.sum(axis=case.axes, keepdims=case.keep_dims, dtype=np.int64)
            count = x.size // found.size
            expected = [mean_int8(case, int(total), count) for total in totals.ravel()]
            np.testing.assert_array_equal(found.ravel(), expected)


def test_loops_are_merged() -> None:
    description = CASES[0].implementation().specification.describe()
    assert "6 outputs, each of 35 elements" in description
