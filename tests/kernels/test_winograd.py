# SPDX-License-Identifier: Apache-2.0
"""Winograd's convolution: exact transforms, and kernels equal to the plain ones over awkward shapes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernels.host_kernels import HostKernels, activation, layer

from tvm_stm32.kernels.conv2d_winograd import WinogradSpecification, implement_winograd
from tvm_stm32.kernels.implementation import Implementation
from tvm_stm32.kernels.microkernels.winograd import (
    INPUT_OFFSETS,
    INPUT_TRANSFORMS,
    OUTPUT_TRANSFORMS,
    SCALES,
    transformed_weights,
)
from tvm_stm32.kernels.narrow import winograd_rule
from tvm_stm32.model.network import (
    Activation,
    Arithmetic,
    Conv2D,
    Network,
    Operator,
    Padding,
    Quantization,
    Tensor,
)

TILES = pytest.mark.parametrize("tile", [2, 4])
NONE, RELU = Activation(), Activation(0.0, None)
TFLITE, ONNX = Arithmetic.TFLITE, Arithmetic.ONNX


def direct(x: npt.NDArray[np.int64], w: npt.NDArray[np.int64], tile: int) -> npt.NDArray[np.int64]:
    """The sums of products of a tile."""
    return np.array([[(x[i : i + 3, j : j + 3] * w).sum() for j in range(tile)] for i in range(tile)])


@TILES
@given(seed=st.integers(0, 2**32 - 1), extreme=st.booleans())
def test_transforms_are_exact(tile: int, seed: int, extreme: bool) -> None:
    rng = np.random.default_rng(seed)
    values = [-128, 127] if extreme else range(-128, 128)
    x, w = rng.choice(values, (tile + 2, tile + 2)), rng.choice(values, (3, 3))
    b, a = np.array(INPUT_TRANSFORMS[tile]), np.array(OUTPUT_TRANSFORMS[tile])
    u, v = transformed_weights(w[..., None], tile)[..., 0], b @ x @ b.T
    np.testing.assert_array_equal(a @ (u * v) @ a.T, SCALES[tile] * direct(x, w, tile))


@TILES
def test_transforms_fit_16_bits(tile: int) -> None:
    b = np.abs(INPUT_TRANSFORMS[tile]).sum(axis=1).max()
    sums = np.sum(INPUT_TRANSFORMS[tile], axis=1)
    assert b * b * 128 + np.abs(np.outer(sums, sums)).max() * INPUT_OFFSETS[tile] < 2**15
    signs = np.array(np.meshgrid(*[[-128, 127]] * 9)).reshape(3, 3, -1)
    assert np.abs(transformed_weights(signs, tile)).max() < 2**15


@TILES
def test_the_bias_reaches_every_output_once(tile: int) -> None:
    """It is added to the product of the second row and column."""
    b = np.zeros((tile + 2, tile + 2), int)
    b[1, 1] = 1
    a = np.array(OUTPUT_TRANSFORMS[tile])
    assert (a @ b @ a.T).tolist() == np.ones((tile, tile), int).tolist()


@dataclass(frozen=True)
class Case:
    """A convolution of x (H, W, C) to `channels`; padding is top, left, bottom, right."""

    x: tuple[int, int, int]
    channels: int
    padding: tuple[int, int, int, int] = (1, 1, 1, 1)
    zero_points: tuple[int, int] = (-128, -128)
    activation: Activation = RELU
    arithmetic: Arithmetic = TFLITE
    bias: bool = True
    dead: bool = False  # whether the second channel has no weights
    largest: int = 128  # weight

    def tensors(self) -> tuple[list[Tensor], Tensor]:
        """Inputs with random weights, and the output; scales such that most outputs do not saturate."""
        rng = np.random.default_rng(sum(self.x) + self.channels)
        height, width, inputs = self.x
        weights = rng.integers(-self.largest, self.largest, (self.channels, 3, 3, inputs)).astype(np.int8)
        if self.dead:
            weights[1] = 0
        scales = tuple(float(np.float32(s)) for s in rng.uniform(0.001, 0.01, self.channels))
        bias = rng.integers(-20000, 20000, self.channels).astype(np.int32)
        top, left, bottom, right = self.padding
        y_shape = (1, height + top + bottom - 2, width + left + right - 2, self.channels)
        quantization = Quantization(scales, (0,) * self.channels, 0)
        of_bias = Quantization(tuple(float(np.float32(s * 0.05)) for s in scales), (0,) * self.channels, 0)
        tensors = [
            activation("x", (1, *self.x), scale=0.05, zero_point=self.zero_points[0]),
            Tensor("w", weights.shape, "int8", quantization, weights),
            Tensor("b", bias.shape, "int32", of_bias, bias),
        ]
        y = activation("y", y_shape, scale=0.03 * np.sqrt(inputs), zero_point=self.zero_points[1])
        return tensors[: 3 if self.bias else 2], y

    def attributes(self) -> Conv2D:
        """Stride 1."""
        return Conv2D(padding=Padding(*self.padding), activation=self.activation)

    def winograd(self, tile: int) -> Implementation | None:
        """The kernel under test."""
        inputs, y = self.tensors()
        names = [tensor.name for tensor in inputs]
        operator = Operator("layer", "TEST", self.attributes(), names, ["y"], self.arithmetic)
        network = Network({t.name: t for t in (*inputs, y)}, [operator], ["x"], ["y"])
        data = inputs[1].data
        assert data is not None
        weights = data.astype(np.int8)
        rule = winograd_rule(network, operator, weights, tile)
        shape = (y.shape[1], y.shape[2], y.shape[3])
        return implement_winograd("x", "y", self.x, shape, weights, self.padding[:2], rule, tile)


CASES = [
    Case((8, 8, 8), 8),
    Case((8, 8, 4), 4, (0, 0, 0, 0)),
    Case((6, 7, 12), 5, zero_points=(3, 11), activation=NONE),
    Case((5, 9, 4), 1, (1, 0, 0, 2), zero_points=(-7, 0), activation=NONE),
    Case((4, 4, 20), 10, activation=NONE, zero_points=(127, -128)),
    Case((13, 6, 16), 7, (2, 2, 2, 2), bias=False),
    Case((9, 5, 40), 4, zero_points=(0, 5), activation=NONE),
    Case((4, 5, 4), 3, (1, 1, 2, 2), dead=True),
    Case((3, 3, 8), 4, (3, 3, 3, 3)),
    Case((2, 11, 8), 6, (2, 1, 2, 1), activation=NONE, zero_points=(-1, -2)),
    Case((7, 7, 72), 4, zero_points=(1, 2), activation=NONE, largest=40),
    Case((6, 6, 8), 4, zero_points=(0, 0), activation=NONE, arithmetic=ONNX),
    Case((5, 6, 8), 9, zero_points=(4, -128), arithmetic=ONNX),
]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[int, int], tuple[HostKernels, int]]:
    """For each case the plain kernel (tile 0) and those of the tiles, all in one library."""
    keys, kernels = [], []
    for number, case in enumerate(CASES):
        inputs, y = case.tensors()
        plain = layer(case.attributes(), inputs, y, case.arithmetic)
        for tile, implementation in ((0, plain), (2, case.winograd(2)), (4, case.winograd(4))):
            if implementation is not None:
                keys.append((number, tile))
                kernels.append(implementation)
    library = HostKernels(tmp_path_factory.mktemp("winograd"), kernels)
    return {key: (library, index) for index, key in enumerate(keys)}


@TILES
@pytest.mark.parametrize("number", range(len(CASES)), ids=[str(case) for case in CASES])
def test_equals_the_plain_kernel(
    number: int, tile: int, compiled: dict[tuple[int, int], tuple[HostKernels, int]]
) -> None:
    case = CASES[number]
    _, y = case.tensors()
    assert (number, tile) in compiled, "the Winograd kernel does not apply"
    rng = np.random.default_rng(number)
    for values in (range(-128, 128), [-128, 127]):
        x = rng.choice(values, (1, *case.x)).astype(np.int8)
        found, expected = (
            library.run(index, [x], y) for library, index in (compiled[number, tile], compiled[number, 0])
        )
        assert len(np.unique(expected)) > 8
        np.testing.assert_array_equal(found, expected)


def test_a_small_picture_has_no_tile() -> None:
    assert Case((3, 3, 4), 4).winograd(4) is None
    assert Case((3, 3, 4), 4).winograd(2) is not None


def test_input_channels_come_in_fours() -> None:
    assert Case((8, 8, 6), 4).winograd(2) is None


@cache
def _specification(tile: int) -> WinogradSpecification:
    implementation = Case((32, 32, 16), 16).winograd(tile)
    assert implementation is not None
    specification = implementation.specification
    assert isinstance(specification, WinogradSpecification)
    return specification


def test_scratch_is_two_tiles() -> None:
    assert 4 * _specification(2).scratch_words == 2 * 16 * 16 * 2 + 16 * 8 * 4
    assert 4 * _specification(4).scratch_words == 2 * 36 * 16 * 2 + 36 * 8 * 4
