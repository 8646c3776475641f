# SPDX-License-Identifier: Apache-2.0
"""Addition and multiplication of int8 and float32, with broadcasting, saturation and fused activations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from kernels.host_kernels import HostKernels, activation, layer
from kernels.reference_arithmetic import away, clamp, scaled

from tvm_stm32.errors import ModelError
from tvm_stm32.kernels.implementation import Implementation
from tvm_stm32.kernels.target import Target
from tvm_stm32.model.network import Activation, Add, Arithmetic, Mul, Tensor

NONE, RELU6, RELU_N1 = Activation(), Activation(0.0, 6.0), Activation(-1.0, 1.0)


@dataclass(frozen=True)
class Case:
    """Two operands and the result; `constant` gives operand b its data."""

    operation: type[Add] | type[Mul]
    a: tuple[int, ...]
    b: tuple[int, ...]
    scales: tuple[float, float, float] | None = None
    zero_points: tuple[int, int, int] = (0, 0, 0)
    activation: Activation = NONE
    constant: bool = False

    def __str__(self) -> str:
        kind = "float32" if self.scales is None else "int8"
        return f"{self.operation.__name__}-{kind}-{self.a}-{self.b}-{self.scales}-{self.zero_points}"

    @property
    def dtype(self) -> str:
        """Of all three tensors."""
        return "float32" if self.scales is None else "int8"

    def tensors(self) -> tuple[Tensor, Tensor, Tensor]:
        """a, b and y."""
        shapes = (self.a, self.b, np.broadcast_shapes(self.a, self.b))
        scales = self.scales or (None, None, None)
        parts = [
            activation(name, shape, self.dtype, scale, zero_point)
            for name, shape, scale, zero_point in zip("aby", shapes, scales, self.zero_points, strict=True)
        ]
        if self.constant:
            parts[1].data = values(parts[1], 5)
        return parts[0], parts[1], parts[2]

    def implementation(self, dsp: bool = False) -> Implementation:
        """The kernel."""
        a, b, y = self.tensors()
        arithmetic = Arithmetic.TFLITE if self.scales else Arithmetic.FLOAT
        return layer(self.operation(self.activation), [a, b], y, arithmetic, Target(dsp))


def values(tensor: Tensor, seed: int) -> npt.NDArray[Any]:
    """Random contents, the extremes among them."""
    random = np.random.default_rng(seed)
    if tensor.dtype == "float32":
        return random.normal(0, 4, tensor.shape).astype(np.float32)
    drawn = random.integers(-128, 128, tensor.shape)
    return np.where(random.random(tensor.shape) < 0.1, random.choice([-128, 127], tensor.shape), drawn).astype(np.int8)


HALVES = (0.5, 0.5, 1.0)  # many sums between two results, which are rounded away from zero on both sides
ROUGH = (0.027, 0.188, 0.174)  # many sums so close to a half that three roundings scatter them
MIXED, EQUAL, FAR = (0.05, 0.021, 0.037), (0.1, 0.1, 0.1), (3.0, 0.0004, 2.5)
CASES = [
    Case(Add, (1, 8, 8, 16), (1, 8, 8, 16), MIXED, (-3, 127, 5)),
    Case(Add, (1, 3, 5, 7), (1, 3, 5, 7), EQUAL, (-128, -128, -128), RELU6),
    Case(Add, (1, 3, 5, 7), (1, 3, 5, 7), FAR, (0, 4, -1)),
    Case(Add, (1, 3, 5, 7), (7,), (0.02, 0.5, 0.01), (10, -10, 3), RELU_N1, constant=True),
    Case(Add, (1, 3, 1, 7), (1, 1, 5, 7), MIXED, (1, 2, 3)),
    Case(Add, (1, 3, 5, 1), (1, 3, 1, 7), MIXED, (1, 2, 3)),
    Case(Add, (4, 1, 3, 1, 2, 1), (1, 5, 1, 2, 1, 3), MIXED, (-7, 6, 0)),
    Case(Add, (), (2, 3), MIXED, (-7, 6, 0)),
    Case(Add, (2, 128), (1,), (0.5, 0.25, 0.125), (0, 0, 0), constant=True),
    Case(Add, (2, 131), (2, 131), HALVES, (3, -4, 5)),
    Case(Add, (2, 131), (2, 131), ROUGH, (5, -128, 0)),
    Case(Add, (2, 2), (2, 2), (0.01, 0.01, 9.0), (3, -4, 5)),
    Case(Mul, (1, 8, 8, 16), (1, 8, 8, 16), MIXED, (-3, 127, 5)),
    Case(Mul, (1, 3, 5, 7), (1, 1, 1, 7), (0.5, 0.5, 0.25), (-128, 127, 0), RELU6),
    Case(Mul, (1, 3, 5, 7), (1, 1, 1, 1), (0.5, 0.5, 0.001), (-128, 127, 0), constant=True),
    Case(Mul, (1, 1, 1, 16), (1, 8, 8, 16), (1e-4, 1e-4, 1.0), (9, 8, 7)),
    Case(Mul, (1,), (1,), MIXED, (9, 8, 7), RELU_N1),
    Case(Add, (1, 4, 4, 3), (1, 4, 4, 3)),
    Case(Add, (1, 4, 4, 3), (3,), activation=RELU6, constant=True),
    Case(Mul, (1, 4, 4, 3), (1, 4, 4, 1), activation=RELU_N1),
    Case(Mul, (1, 4, 4, 3), (1, 1, 4, 3), activation=Activation(0.0, None)),
]


def quantized_bounds(case: Case) -> tuple[int, int]:
    """The fused activation in output steps."""
    assert case.scales
    scale, zero_point = np.float32(case.scales[2]), case.zero_points[2]
    low, high = case.activation.low, case.activation.high
    return (
        -128 if low is None else max(-128, zero_point + away(float(np.float32(low) / scale))),
        127 if high is None else min(127, zero_point + away(float(np.float32(high) / scale))),
    )


def add_int8(case: Case, a: int, b: int) -> int:
    """TFLite's reference addition of two elements."""
    assert case.scales
    scale_a, scale_b, scale_y = (float(np.float32(scale)) for scale in case.scales)
    twice = 2 * max(scale_a, scale_b)
    total = scaled((a - case.zero_points[0]) << 20, scale_a / twice)
    total += scaled((b - case.zero_points[1]) << 20, scale_b / twice)
    return clamp(scaled(total, twice / (2**20 * scale_y)) + case.zero_points[2], *quantized_bounds(case))


def mul_int8(case: Case, a: int, b: int) -> int:
    """TFLite's reference multiplication of two elements."""
    assert case.scales
    scale_a, scale_b, scale_y = (float(np.float32(scale)) for scale in case.scales)
    product = (a - case.zero_points[0]) * (b - case.zero_points[1])
    return clamp(scaled(product, scale_a * scale_b / scale_y) + case.zero_points[2], *quantized_bounds(case))


def expected(case: Case, a: npt.NDArray[Any], b: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The reference over whole arrays."""
    if case.scales is None:
        result = a + b if case.operation is Add else a * b
        return np.asarray(np.clip(result, case.activation.low, case.activation.high))
    rule = add_int8 if case.operation is Add else mul_int8
    wide = np.broadcast_arrays(a.astype(int), b.astype(int))
    return np.vectorize(lambda x, y: rule(case, int(x), int(y)), otypes=[np.int8])(*wide)


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> HostKernels:
    """All cases in one library, each without and with DSP instructions."""
    implementations = [case.implementation(dsp) for dsp in (False, True) for case in CASES]
    return HostKernels(tmp_path_factory.mktemp("elementwise"), implementations)


@pytest.mark.parametrize("index", range(len(CASES)), ids=lambda index: str(CASES[index]))
def test_equals_the_reference(kernels: HostKernels, index: int) -> None:
    case = CASES[index]
    a, b, y = case.tensors()
    for seed in range(3):
        left, right = values(a, seed), values(b, 5 if case.constant else 100 + seed)
        inputs = [left] if case.constant else [left, right]
        for kernel in (index, len(CASES) + index):
            np.testing.assert_array_equal(kernels.run(kernel, inputs, y), expected(case, left, right))


def test_every_pair_of_values(tmp_path: Any) -> None:
    cases = [
        Case(Add, (256, 1), (256,), MIXED, (-3, 77, 5)),
        Case(Add, (256, 1), (256,), HALVES, (-3, 77, 5)),
        Case(Add, (256, 1), (256,), ROUGH, (5, -128, 0)),
        Case(Mul, (256, 1), (256,), MIXED, (-3, 77, 5)),
    ]
    kernels = HostKernels(tmp_path, [case.implementation() for case in cases])
    everything = np.arange(-128, 128, dtype=np.int8)
    for index, case in enumerate(cases):
        found = kernels.run(index, [everything.reshape(256, 1), everything], case.tensors()[2])
        np.testing.assert_array_equal(found, expected(case, everything.reshape(256, 1), everything))


def test_equal_work_shares_a_function() -> None:
    first = Case(Add, (1, 4, 4, 2), (1, 4, 4, 2), MIXED, (1, 2, 3)).implementation()
    second = Case(Add, (32,), (1, 32), MIXED, (1, 2, 3)).implementation()
    other = Case(Add, (1, 4, 4, 2), (1, 4, 4, 2), MIXED, (1, 2, 4)).implementation()
    assert first.specification == second.specification
    assert first.specification != other.specification


def test_an_addition_is_one_plane_where_that_is_proven() -> None:
    proven = Case(Add, (4,), (4,), MIXED, (-3, 77, 5)).implementation().specification.describe()
    plain = Case(Add, (4,), (4,), ROUGH, (5, -128, 0)).implementation().specification.describe()
    assert "checked for every pair" in proven
    assert "checked for every pair" not in plain


def test_broadcasting_merges_axes() -> None:
    description = Case(Add, (1, 8, 8, 16), (16,), MIXED).implementation().specification.describe()
    assert "64 x 16 elements" in description
    description = Case(Mul, (1, 8, 8, 16), (8, 8, 16), MIXED).implementation().specification.describe()
    assert "mul: 1024 elements\n" in description


def test_an_output_scale_that_overflows_is_refused() -> None:
    with pytest.raises(ModelError, match="too small"):
        Case(Add, (4,), (4,), (1.0, 1.0, 1e-6)).implementation()
