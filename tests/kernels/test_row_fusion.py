# SPDX-License-Identifier: Apache-2.0
"""Consecutive layers in one kernel give what they give one after the other."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from kernels.host_kernels import HostKernels, activation, layer

from tvm_stm32.kernels.implementation import Implementation, Input
from tvm_stm32.kernels.row_fusion import fuse
from tvm_stm32.kernels.target import Target
from tvm_stm32.model.network import Add, Arithmetic, Attributes, Conv2D, DepthwiseConv2D, Padding, Quantization, Tensor

TARGET = Target(dsp=True)


@dataclass(frozen=True)
class Case:
    """x (H, W, C), the channels between, those of the output or 0 for two layers only; the depthwise kernel.

    added: the operand of an addition that x is, if there is one.
    """

    x: tuple[int, int, int]
    between: int
    outputs: int
    kernel: tuple[int, int] = (3, 3)
    stride: int = 1
    padding: tuple[int, int] = (1, 1)
    band: int = 2
    added: str = ""

    @property
    def y(self) -> tuple[int, int]:
        """Size of the depthwise convolution's output."""
        sizes = zip(self.x, self.kernel, self.padding, strict=False)
        height, width = ((n + 2 * p - k) // self.stride + 1 for n, k, p in sizes)
        return height, width

    def layers(self) -> tuple[list[Implementation], list[Tensor]]:
        """The separate kernels, and their outputs."""
        (top, left), stride = self.padding, (self.stride, self.stride)
        tensors = [activation("x0", (1, *self.x), scale=0.05, zero_point=-3)]
        attributes: list[Attributes] = [Conv2D(), DepthwiseConv2D(1, stride, (1, 1), Padding(top, left, top, left))]
        shapes: list[tuple[int, ...]] = [(self.between, 1, 1, self.x[2]), (1, *self.kernel, self.between)]
        sizes: list[tuple[int, ...]] = [(*self.x[:2], self.between), (*self.y, self.between)]
        if self.outputs:
            attributes.append(Conv2D())
            shapes.append((self.outputs, 1, 1, self.between))
            sizes.append((*self.y, self.outputs))
        kernels = []
        for number, (own, shape, size) in enumerate(zip(attributes, shapes, sizes, strict=True)):
            rng = np.random.default_rng(number)
            axis = 3 if number == 1 else 0
            scales = tuple(float(np.float32(s)) for s in rng.uniform(0.001, 0.004, shape[axis]))
            weights = rng.integers(-127, 128, shape).astype(np.int8)
            bias = rng.integers(-2000, 2000, shape[axis]).astype(np.int32)
            inputs = [
                tensors[-1],
                Tensor("w", shape, "int8", Quantization(scales, (0,) * len(scales), axis), weights),
                Tensor("b", bias.shape, "int32", None, bias),
            ]
            tensors.append(activation(f"x{number + 1}", (1, *size), scale=0.07, zero_point=(7, -20, 4)[number]))
            kernels.append(layer(own, inputs, tensors[-1], Arithmetic.TFLITE, TARGET))
        if self.added:
            operands = [tensors[0], tensors[-1]] if self.added == "first" else [tensors[-1], tensors[0]]
            tensors.append(activation("x4", tensors[-1].shape, scale=0.09, zero_point=11))
            kernels.append(layer(Add(), operands, tensors[-1], Arithmetic.TFLITE, TARGET))
        return kernels, tensors


CASES = [
    Case((8, 8, 4), 8, 0),
    Case((9, 7, 5), 6, 0),
    Case((9, 11, 3), 12, 0, stride=2),
    Case((10, 8, 3), 3, 0, padding=(0, 0), stride=2),
    Case((12, 9, 4), 7, 0, (5, 3), padding=(2, 1), band=4),
    Case((9, 10, 70), 8, 0, padding=(0, 1)),
    Case((8, 8, 4), 16, 4),
    Case((11, 9, 6), 10, 7, stride=2, padding=(1, 0)),
    Case((13, 12, 4), 8, 70, (5, 5), padding=(2, 2), band=4),
    Case((14, 30, 2), 66, 3, band=8),
    Case((10, 6, 3), 5, 2, (2, 4), stride=2, padding=(0, 1)),
    Case((8, 8, 4), 16, 4, added="second"),
    Case((11, 9, 5), 12, 5, (5, 3), padding=(2, 1), band=4, added="first"),
    Case((13, 6, 7), 7, 7, added="second"),
]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> tuple[HostKernels, list[range]]:
    """Of each case the separate kernels and the joint one; and where those are."""
    kernels: list[Implementation] = []
    places = []
    for case in CASES:
        parts = case.layers()[0]
        joint = fuse(tuple(parts), case.band)
        assert joint is not None, case
        places.append(range(len(kernels), len(kernels) + len(parts) + 1))
        kernels += [*parts, joint]
    return HostKernels(tmp_path_factory.mktemp("fused"), kernels), places


@pytest.mark.parametrize("number", range(len(CASES)), ids=map(str, CASES))
def test_equals_separate_layers(number: int, compiled: tuple[HostKernels, list[range]]) -> None:
    library, places = compiled
    *separate, joint = places[number]
    tensors = CASES[number].layers()[1]
    for values in (range(-128, 128), [-128, 127]):
        x = y = np.random.default_rng(number).choice(values, tensors[0].shape).astype(np.int8)
        for index, output in zip(separate, tensors[1:], strict=True):
            operands = [y] if output.name != "x4" else [x, y] if CASES[number].added == "first" else [y, x]
            y = library.run(index, operands, output)
        np.testing.assert_array_equal(library.run(joint, [x], tensors[-1]), y)
        assert len(np.unique(y)) > 10 or len(values) == 2


def test_what_lies_between_takes_no_memory_as_a_whole() -> None:
    parts, tensors = Case((24, 24, 4), 24, 4).layers()
    joint = fuse(tuple(parts), 2)
    assert joint is not None
    scratch = sum(argument.size for argument in joint.arguments if hasattr(argument, "size"))
    assert scratch < 0.4 * tensors[1].size
    assert joint.macs == sum(part.macs for part in parts)


@pytest.mark.parametrize(
    "case",
    [
        Case((3, 3, 4), 8, 0, band=4),  # one band
        Case((9, 3, 4), 8, 0, padding=(1, 0)),  # an output of one column
    ],
    ids=str,
)
def test_does_not_apply(case: Case) -> None:
    parts = case.layers()[0]
    assert fuse(tuple(parts), case.band) is None


def test_a_sum_may_take_the_place_of_the_input() -> None:
    joint = fuse(tuple(Case((9, 8, 4), 16, 4, added="second").layers()[0]), 2)
    assert joint is not None
    (overlap,) = joint.overlaps
    assert overlap.distances.least == 0


def test_only_the_input_is_added() -> None:
    *parts, addition = Case((8, 8, 4), 16, 4, added="second").layers()[0]
    other = replace(addition, arguments=(addition.arguments[0], Input("another"), *addition.arguments[2:]))
    assert fuse((*parts, addition), 2) is not None
    assert fuse((*parts, other), 2) is None


def test_other_kernels_are_not_joined() -> None:
    first, second, last = Case((8, 8, 4), 8, 4).layers()[0]
    assert fuse((second, first), 2) is None
    assert fuse((first, second, second), 2) is None
    plain = layer(
        Conv2D(),
        [activation("x0", (1, 8, 8, 4), scale=0.1), Tensor("w", (8, 1, 1, 4), "float32", None, np.ones((8, 1, 1, 4)))],
        activation("x1", (1, 8, 8, 8)),
        Arithmetic.FLOAT,
    )
    assert fuse((plain, second, last), 2) is None
