# SPDX-License-Identifier: Apache-2.0
"""Convolutions and fully connected layers by microkernels: equal to the plain kernels in every form and odd shape."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from kernels.host_kernels import HostKernels, activation
from kernels.weighted_case import NONE, RELU, WeightedCase

from tvm_stm32.kernels.conv2d_flat import FlatSpecification
from tvm_stm32.kernels.conv2d_pairs import PairsSpecification
from tvm_stm32.kernels.conv2d_rows import RowsSpecification
from tvm_stm32.kernels.dense import DenseSpecification
from tvm_stm32.kernels.implementation import Implementation
from tvm_stm32.kernels.target import Target
from tvm_stm32.model.network import Activation, Arithmetic, Quantization, Tensor

BAND = Activation(-1.0, 1.0)
TFLITE, ONNX = Arithmetic.TFLITE, Arithmetic.ONNX
#: "time" has kernels for one shape, "ram" kernels for many, with less scratch
OBJECTIVES = ("time", "ram")
#: those of 1x1 kernels, which for "balanced" are for one number of inputs
POINTWISE_OBJECTIVES = ("time", "balanced", "ram")


@dataclass(frozen=True)
class Case(WeightedCase):
    """In int8. spread: of the scales of channels, in bits; largest: weight; bias: how large."""

    form: str = "p"  # p: one addend, n: two, g: a shift a channel too; w: without lanes; c: with a clamp
    zero_points: tuple[int, int] = (-128, -128)
    activation: Activation = RELU
    arithmetic: Arithmetic = TFLITE
    spread: float = 1.0
    largest: int = 127
    bias: int = 2000
    gain: float = 1.0

    def tensors(self) -> tuple[list[Tensor], Tensor]:
        """Inputs with random weights, and the output; scales such that most outputs do not saturate."""
        rng = np.random.default_rng(sum(self.x) + self.channels)
        shape, largest = self.weights_shape, self.largest
        weights = rng.integers(-largest, largest, shape, endpoint=True).clip(-128, 127).astype(np.int8)
        if largest > 127:
            weights[0] = weights[-1] = -128
        depth = weights[0].size
        scales = tuple(float(np.float32(s)) for s in 0.01 * 2 ** rng.uniform(-self.spread, self.spread, self.channels))
        bias = rng.integers(-self.bias, self.bias, self.channels, endpoint=True).astype(np.int32)
        axis = Quantization(scales, (0,) * self.channels, 0)
        of_bias = Quantization(tuple(float(np.float32(s * 0.05)) for s in scales), (0,) * self.channels, 0)
        tensors = [
            activation("x", self.input_shape, scale=0.05, zero_point=self.zero_points[0]),
            Tensor("w", shape, "int8", axis, weights),
            Tensor("b", bias.shape, "int32", of_bias, bias),
        ]
        scale = 0.0004 * largest * np.sqrt(depth) / self.gain
        return tensors, activation("y", self.output_shape, scale=scale, zero_point=self.zero_points[1])


CASES = [
    # 1x1: pairs and odd pixels, any number of channels, several runs, backwards
    Case((6, 6, 16), 8),
    Case((5, 5, 7), 6),
    Case((3, 1, 3), 5),
    Case((7, 9, 64), 12),
    Case((7, 9, 10), 64),
    Case((5, 5, 70), 9, form="n", zero_points=(5, -3), activation=NONE),
    Case((9, 8, 6), 3, strides=(2, 2)),
    Case((9, 7, 40), 4, strides=(3, 2), form="n", zero_points=(0, 11), activation=NONE),
    Case((3, 40, 32), 4, strides=(1, 2)),
    Case((4, 5, 12), 6, groups=3),
    Case((5, 5, 9), 12, groups=3, form="g", spread=4.5, zero_points=(1, 2), activation=NONE),
    Case((4, 4, 20), 10, form="g", spread=5),
    Case((4, 4, 8), 6, form="nc", zero_points=(3, 20), activation=BAND),
    Case((4, 5, 8), 6, form="pc", zero_points=(3, 20), activation=RELU),
    Case((4, 4, 1200), 5, form="pw", gain=0.3),
    Case((5, 4, 9), 6, form="pw", largest=128),
    Case((4, 4, 8), 8, bias=2**29, form="p", zero_points=(0, 3), spread=9, activation=NONE),
    Case((4, 4, 8), 8, gain=2000, bias=0, form="p", zero_points=(0, 3), activation=NONE),
    Case((5, 4, 11), 7, arithmetic=ONNX, form="p"),
    Case((5, 4, 11), 7, arithmetic=ONNX, zero_points=(4, 0), activation=NONE),
    # one or two channels alone in their lanes
    Case((5, 5, 70), 1, form="n", zero_points=(5, -3), activation=NONE),
    Case((4, 6, 9), 2, form="g", zero_points=(5, -3), activation=NONE, spread=9),
    Case((7, 9, 24), 1, (3, 3), padding=1),
    Case((5, 6, 7), 2, (3, 3), padding=1, form="n", zero_points=(5, -3), activation=NONE),
    Case((7, 5, 8), 2, (3, 3), strides=(1, 2), form="pw", largest=128),
    Case((6, 7, 128), 1, (3, 3), padding=1, form="pw", gain=0.3),
    Case((1, 61), 1, ()),
    Case((1, 40), 2, (), form="n", zero_points=(7, 8), activation=NONE),
    Case((1, 30), 2, (), form="pw", largest=128),
    # rows
    Case((8, 7, 3), 8, (3, 3), strides=(2, 2), padding=1),
    Case((9, 6, 1), 6, (10, 4), padding=4),
    Case((9, 6, 5), 5, (3, 2), form="n", zero_points=(-1, 9), activation=NONE, padding=1),
    Case((11, 5, 8), 4, (7, 1), dilations=(1, 1)),
    Case((9, 9, 4), 6, (3, 3), dilations=(2, 2), padding=2),
    Case((9, 9, 3), 5, (3, 2), dilations=(1, 3), form="g", spread=8, padding=1),
    Case((7, 8, 12), 9, (3, 3), groups=3, padding=1),
    Case((7, 7, 6), 4, (2, 2), groups=2, strides=(2, 1), form="n", zero_points=(3, 4), activation=NONE),
    Case((5, 6, 16), 6, (3, 3), padding=1, form="nc", zero_points=(3, 20), activation=BAND),
    Case((6, 6, 20), 5, (5, 5), padding=2, form="g", spread=5),
    Case((5, 5, 128), 6, (3, 3), padding=1, form="pw", gain=0.3),
    Case((5, 6, 9), 7, (4, 4), padding=1, form="pw", largest=128),
    Case((4, 6, 8), 4, (3, 5), padding=2, form="p", strides=(1, 2), arithmetic=ONNX),
    Case((13, 13, 2), 4, (13, 2), form="p"),
    Case((14, 1, 6), 4, (3, 1), strides=(2, 1), form="n", zero_points=(1, 2), activation=NONE),
    Case((9, 1, 4), 6, (2, 1), dilations=(3, 1)),
    # columns
    Case((13, 6, 2), 5, (4, 2)),
    Case((11, 5, 3), 6, (3, 3), padding=1, strides=(2, 1), form="n", zero_points=(5, -9), activation=NONE),
    Case((12, 7, 8), 6, (3, 3), padding=2, dilations=(2, 2), groups=2),
    # one row
    Case((1, 64), 12, ()),
    Case((1, 61), 7, ()),
    Case((1, 2), 3, (), form="n", zero_points=(7, 8), activation=NONE),
    Case((1, 40), 10, (), form="g", spread=5),
    Case((1, 1200), 6, (), form="pw", gain=0.3),
    Case((1, 36), 6, (), form="nc", zero_points=(3, 20), activation=BAND),
    Case((1, 30), 6, (), form="pw", largest=128),
    Case((3, 4, 6), 5, (3, 4)),
    Case((5, 33), 6, ()),
]


@cache
def fast(number: int, objective: str) -> Implementation:
    """The kernel under test."""
    return CASES[number].implementation(Target(dsp=True, objective=objective))


def variants(number: int) -> list[Implementation]:
    """The plain kernel of a case, then the different ones of the objectives."""
    objectives = POINTWISE_OBJECTIVES if CASES[number].kernel == (1, 1) else OBJECTIVES
    found = {fast(number, objective).specification: fast(number, objective) for objective in objectives}
    return [CASES[number].implementation(Target()), *found.values()]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> tuple[HostKernels, list[range]]:
    """All variants in one library, and where those of each case are."""
    kernels: list[Implementation] = []
    places = []
    for number in range(len(CASES)):
        first = len(kernels)
        kernels += variants(number)
        places.append(range(first, len(kernels)))
    return HostKernels(tmp_path_factory.mktemp("narrow"), kernels), places


@pytest.mark.parametrize("number", range(len(CASES)), ids=[str(case) for case in CASES])
def test_equals_the_plain_kernel(number: int, compiled: tuple[HostKernels, list[range]]) -> None:
    inputs, y = CASES[number].tensors()
    library, places = compiled
    plain, *others = places[number]
    rng = np.random.default_rng(number)
    for values in (range(-128, 128), [-128, 127]):
        x = rng.choice(values, inputs[0].shape).astype(np.int8)
        expected = library.run(plain, [x], y)
        for index in others:
            np.testing.assert_array_equal(library.run(index, [x], y), expected)


def test_pairs_are_for_time_and_few_inputs() -> None:
    assert isinstance(fast(0, "time").specification, PairsSpecification)
    assert isinstance(fast(CASES.index(Case((7, 9, 64), 12)), "time").specification, PairsSpecification)
    assert isinstance(
        fast(CASES.index(Case((4, 4, 1200), 5, form="pw", gain=0.3)), "time").specification, FlatSpecification
    )


@pytest.mark.parametrize("number", range(len(CASES)), ids=[str(case) for case in CASES])
def test_has_the_form(number: int) -> None:
    specification = fast(number, "ram").specification
    match specification:
        case DenseSpecification():
            form = specification.requantization
        case FlatSpecification():
            form = specification.microkernel.requantization
        case _:
            assert isinstance(specification, RowsSpecification)
            form = specification.ring.rows.requantization
    letters = ("n" if form.signed else "p") if form.shift else "g"
    assert letters + ("" if form.lanes else "w") + ("c" if form.clamp else "") == CASES[number].form


def test_narrow_outputs_are_computed_by_columns() -> None:
    assert fast(CASES.index(Case((13, 6, 2), 5, (4, 2))), "time").specification.family == "conv2d_columns"


def test_outputs_are_not_all_alike(compiled: tuple[HostKernels, list[range]]) -> None:
    """The cases test something: most of their outputs take many values."""
    library, places = compiled
    rng = np.random.default_rng(0)
    counts = []
    for case, (plain, *_) in zip(CASES, places, strict=True):
        inputs, y = case.tensors()
        result = library.run(plain, [rng.integers(-128, 128, inputs[0].shape).astype(np.int8)], y)
        counts.append(len(np.unique(result)) / min(result.size, 256))
    assert np.median(counts) > 0.25
