# SPDX-License-Identifier: Apache-2.0
"""Pad, concatenation and transposition: values of any type, moved and not changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from kernels.host_kernels import HostKernels, activation, layer

from tvm_stm32.errors import ModelError
from tvm_stm32.kernels.implementation import Implementation
from tvm_stm32.model.network import Arithmetic, Attributes, Concat, Pad, Quantization, Tensor, Transpose


@dataclass(frozen=True)
class Case:
    """Shapes of the inputs; `constants` are the positions of those that are constants."""

    attributes: Attributes
    shapes: tuple[tuple[int, ...], ...]
    dtype: str = "int8"
    constants: tuple[int, ...] = ()

    def values(self, seed: int) -> list[npt.NDArray[Any]]:
        """Random contents of the inputs; constants are the same for every seed."""
        results = []
        for position, shape in enumerate(self.shapes):
            random = np.random.default_rng([position, 0 if position in self.constants else seed])
            results.append(random.integers(0, 128, shape).astype(self.dtype))
        return results

    def tensors(self) -> tuple[list[Tensor], Tensor]:
        """Inputs and output, of scale 0.5 and zero point 3 where quantized."""
        scale = None if self.dtype == "float32" else 0.5
        inputs = [activation(f"x{k}", shape, self.dtype, scale, 3) for k, shape in enumerate(self.shapes)]
        for position in self.constants:
            inputs[position].data = self.values(0)[position]
        return inputs, activation("y", self.expected(0).shape, self.dtype, scale, 3)

    def expected(self, seed: int) -> npt.NDArray[Any]:
        """What NumPy makes of the inputs."""
        x = self.values(seed)
        if isinstance(self.attributes, Concat):
            return np.concatenate(x, axis=self.attributes.axis)
        if isinstance(self.attributes, Transpose):
            return np.transpose(x[0], self.attributes.permutation)
        assert isinstance(self.attributes, Pad)
        value = self.attributes.value or 0.0
        constant = value if self.dtype == "float32" else round(value / 0.5) + 3
        if not self.attributes.widths:
            return x[0]
        return np.pad(x[0], self.attributes.widths, constant_values=np.array(constant, self.dtype))

    def implementation(self, arithmetic: Arithmetic = Arithmetic.TFLITE) -> Implementation:
        """The kernel."""
        return layer(self.attributes, *self.tensors(), arithmetic)


CASES = [
    Case(Pad(((0, 0), (1, 2), (3, 0), (0, 0))), ((1, 5, 6, 3),)),
    Case(Pad(((0, 0), (0, 1), (0, 1), (0, 0)), -7.5), ((1, 4, 4, 8),)),
    Case(Pad(((1, 0), (0, 0), (2, 2), (0, 0), (0, 3), (1, 1))), ((1, 2, 3, 2, 1, 2),)),
    Case(Pad(((0, 0), (0, 0))), ((1, 9),)),
    Case(Pad(()), ((),)),
    Case(Pad(((2, 3),), 1.25), ((4,),), "float32"),
    Case(Pad(((2, 3), (1, 0))), ((4, 3),), "uint8"),
    Case(Concat(3), ((1, 2, 2, 3), (1, 2, 2, 1))),
    Case(Concat(1), ((1, 2, 3), (1, 1, 3), (1, 4, 3)), constants=(1,)),
    Case(Concat(0), ((2,), (3,), (1,), (5,)), "float32"),
    Case(Concat(2), ((2, 3, 1, 2), (2, 3, 4, 2)), "float32", (0,)),
    Case(Concat(0), ((3, 2),), "uint8"),
    Case(Transpose((0, 3, 1, 2)), ((1, 4, 5, 3),)),
    Case(Transpose((0, 2, 1, 3)), ((1, 4, 5, 3),), "float32"),
    Case(Transpose((5, 3, 1, 0, 4, 2)), ((2, 3, 2, 3, 2, 3),)),
    Case(Transpose((1, 0, 2)), ((3, 1, 4),), "uint8"),
    Case(Transpose((0,)), ((7,),)),
]


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> HostKernels:
    """All cases in one library."""
    return HostKernels(tmp_path_factory.mktemp("movers"), [case.implementation() for case in CASES])


@pytest.mark.parametrize("index", range(len(CASES)), ids=lambda index: str(CASES[index]))
def test_equals_numpy(kernels: HostKernels, index: int) -> None:
    case = CASES[index]
    for seed in range(2):
        inputs = [x for position, x in enumerate(case.values(seed)) if position not in case.constants]
        np.testing.assert_array_equal(kernels.run(index, inputs, case.tensors()[1]), case.expected(seed))


@pytest.mark.parametrize("case", [CASES[0], CASES[7], CASES[12]], ids=str)
def test_one_function_serves_every_arithmetic(case: Case) -> None:
    specifications = {case.implementation(arithmetic).specification for arithmetic in Arithmetic}
    assert len(specifications) == 1


def test_axes_that_stay_together_are_one_loop() -> None:
    assert "axes of 1 + 5 + 2, 9 + 18 + 0" in CASES[0].implementation().specification.describe()
    assert "3 x 20 values" in CASES[12].implementation().specification.describe()


def test_parts_of_another_scale_are_refused() -> None:
    case = CASES[7]
    inputs, y = case.tensors()
    inputs[1].quantization = Quantization((0.25,), (3,))
    with pytest.raises(ModelError, match="quantized differently"):
        layer(case.attributes, inputs, y, Arithmetic.TFLITE)
