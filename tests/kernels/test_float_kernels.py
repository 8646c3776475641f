# SPDX-License-Identifier: Apache-2.0
"""Float convolutions and fully connected layers by the microkernel: equal to the plain kernels, but for roundings."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from kernels.host_kernels import HostKernels, activation
from kernels.weighted_case import RELU, RELU6, WeightedCase

from tvm_stm32.kernels.conv2d_floats import FloatsSpecification
from tvm_stm32.kernels.target import Target
from tvm_stm32.model.network import Activation, Tensor


@dataclass(frozen=True)
class Case(WeightedCase):
    """In float32."""

    def tensors(self) -> tuple[list[Tensor], Tensor]:
        """Inputs with random weights, and the output."""
        rng = np.random.default_rng(sum(self.x) + self.channels)
        shape = self.weights_shape
        weights, bias = (rng.normal(size=size).astype(np.float32) for size in (shape, self.channels))
        tensors = [activation("x", self.input_shape, "float32"), Tensor("w", shape, "float32", None, weights)]
        tensors += [Tensor("b", bias.shape, "float32", None, bias)]
        return tensors, activation("y", self.output_shape, "float32")


CASES = [
    Case((5, 7, 3), 8, (3, 3), padding=1, activation=RELU),
    Case((6, 5, 8), 5, (3, 3), padding=1, activation=RELU6),
    Case((9, 8, 5), 7, (3, 2), strides=(2, 2), padding=1),
    Case((9, 8, 4), 6, (3, 3), activation=Activation(None, 2.0)),
    Case((9, 9, 3), 4, (3, 3), dilations=(2, 2), padding=2),
    Case((9, 9, 3), 4, (3, 2), dilations=(1, 3)),
    Case((7, 6, 8), 12, (3, 3), padding=1, groups=2, activation=RELU),
    Case((7, 6, 9), 3, (2, 2), groups=3),
    Case((7, 6, 6), 6, (3, 3), padding=1, groups=6, activation=RELU6),
    Case((9, 8, 8), 8, (3, 3), strides=(2, 2), groups=8),
    Case((9, 5, 5), 5, (3, 2), dilations=(2, 1), padding=2, groups=5),
    Case((5, 5, 7), 6),
    Case((9, 7, 6), 9, strides=(2, 3)),
    Case((4, 5, 12), 6, groups=3),
    Case((4, 5, 6), 7, (4, 5)),
    Case((14, 1, 6), 4, (3, 1), strides=(2, 1)),
    Case((3, 40, 5), 2, (1, 5), padding=2),
    Case((1, 61), 7, (), activation=RELU),
    Case((5, 33), 6, ()),
]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> HostKernels:
    """Of each case the plain kernel and the other."""
    targets = (Target(), Target(dsp=True))
    return HostKernels(tmp_path_factory.mktemp("floats"), [case.implementation(t) for case in CASES for t in targets])


@pytest.mark.parametrize("number", range(len(CASES)), ids=[str(case) for case in CASES])
def test_equals_the_plain_kernel(number: int, compiled: HostKernels) -> None:
    inputs, y = CASES[number].tensors()
    assert isinstance(compiled.implementations[2 * number + 1].specification, FloatsSpecification)
    x = np.random.default_rng(number).normal(size=inputs[0].shape).astype(np.float32)
    expected, found = (compiled.run(2 * number + which, [x], y) for which in (0, 1))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
