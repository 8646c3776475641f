# SPDX-License-Identifier: Apache-2.0
"""What generated models are made of: scales, zero points, shapes, windows, weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st
from tflite_builder import TfliteBuilder

#: ActivationFunctionType: NONE, RELU, RELU_N1_TO_1, RELU6
ACTIVATIONS = st.sampled_from([0, 1, 2, 3])
DTYPES = st.sampled_from(["int8", "float32"])
MAYBE = st.booleans()
SEEDS = st.integers(0, 2**32 - 1)
#: of an output: TFLM refuses fused activations whose bounds are 2**31 steps away
SMALLEST_SCALE = 1e-8
Draw = Callable[[st.SearchStrategy[Any]], Any]


def float32(value: float) -> float:
    """The float32 nearest to `value`, as every file has it."""
    return float(np.float32(value))


def scales(low: float = 1e-4, high: float = 1.0) -> st.SearchStrategy[float]:
    """Scales, spread evenly over the orders of magnitude."""
    return st.floats(np.log10(low), np.log10(high)).map(lambda exponent: float32(10.0**exponent))


def zero_points() -> st.SearchStrategy[int]:
    """Zero points; the ends of the range often."""
    return st.sampled_from([-128, 0, 127]) | st.integers(-128, 127)


@dataclass(frozen=True)
class Type:
    """Type and quantization of an activation; `scale` is None for float32."""

    scale: float | None
    zero_point: int

    @property
    def dtype(self) -> str:
        return "float32" if self.scale is None else "int8"

    def input(self, builder: TfliteBuilder, shape: tuple[int, ...]) -> int:
        """Adds an input of this type."""
        return builder.input(shape, self.dtype, self.scale, self.zero_point)

    def value(self, builder: TfliteBuilder, shape: tuple[int, ...]) -> int:
        """Adds an activation of this type."""
        return builder.value(shape, self.dtype, self.scale, self.zero_point)

    def constant(self, builder: TfliteBuilder, shape: tuple[int, ...], rng: np.random.Generator) -> int:
        """Adds a constant operand of this type."""
        if self.scale is None:
            return builder.constant(rng.normal(size=shape).astype(np.float32))
        data = rng.integers(-128, 127, shape, np.int8, endpoint=True)
        return builder.constant(data, [self.scale], [self.zero_point])


FLOAT = Type(None, 0)


@st.composite
def types(draw: Draw, dtype: str, low: float = 1e-4, high: float = 1.0) -> Type:
    """A type of that dtype."""
    return FLOAT if dtype == "float32" else Type(draw(scales(low, high)), draw(zero_points()))


@st.composite
def result_types(draw: Draw, dtype: str, scale: float, low: float = 0.1, high: float = 10.0) -> Type:
    """A type whose scale is `scale` times a factor between `low` and `high`."""
    if dtype == "float32":
        return FLOAT
    return Type(float32(max(SMALLEST_SCALE, scale * draw(scales(low, high)))), draw(zero_points()))


def shapes(most: int = 4, size: int = 7) -> st.SearchStrategy[tuple[int, ...]]:
    """Shapes of 1 to `most` dimensions, none longer than `size`; with four, the first is the batch, 1."""
    lists = st.lists(st.integers(1, size), min_size=1, max_size=most)
    return lists.map(lambda shape: (1, *shape[1:]) if len(shape) == 4 else tuple(shape))


@dataclass(frozen=True)
class Window:
    """A kernel sliding over a picture: each pair is (vertical, horizontal)."""

    picture: tuple[int, int]
    kernel: tuple[int, int]
    strides: tuple[int, int]
    dilations: tuple[int, int]
    same: bool

    @property
    def result(self) -> tuple[int, int]:
        """Height and width of the output."""
        return self._result(0), self._result(1)

    def _result(self, axis: int) -> int:
        extent = (self.kernel[axis] - 1) * self.dilations[axis] + 1
        if self.same:
            return -(-self.picture[axis] // self.strides[axis])
        return (self.picture[axis] - extent) // self.strides[axis] + 1

    def options(self) -> dict[str, int]:
        """Options of the operator, without dilations."""
        return {"padding": 0 if self.same else 1, "strideH": self.strides[0], "strideW": self.strides[1]}

    def dilation_options(self) -> dict[str, int]:
        """The dilations as options."""
        return {"dilationHFactor": self.dilations[0], "dilationWFactor": self.dilations[1]}


@st.composite
def windows(draw: Draw, dilated: bool) -> Window:
    """Windows of all kinds, also such that are wider than the picture (with SAME)."""
    pair = lambda low, high: st.tuples(st.integers(low, high), st.integers(low, high))  # noqa: E731
    picture, kernel, strides = draw(pair(1, 9)), draw(pair(1, 5)), draw(pair(1, 3))
    dilations = draw(pair(1, 3)) if dilated else (1, 1)
    fits = all((k - 1) * d + 1 <= p for p, k, d in zip(picture, kernel, dilations, strict=True))
    same = draw(st.booleans()) if fits else True
    return Window(picture, kernel, strides, dilations, same)


#: spread of the biases, and bounds of the output's scale relative to one that suits the sums: two usual ones, one with
#: multipliers of 1 and more, one with biases that nearly fill 32 bits
REGIMES = st.sampled_from([(100, 0.1, 10.0), (100_000, 0.1, 10.0), (100_000, 1e-4, 0.1), (2**30, 1e4, 1e8)])


@dataclass(frozen=True)
class Weights:
    """Weights and bias in a model, and the type of the output that suits them."""

    weights: int
    bias: int  #: -1: none
    result: Type


def add_weights(
    draw: Draw,
    builder: TfliteBuilder,
    shape: tuple[int, ...],
    axis: int,
    x: Type,
    rng: np.random.Generator,
    biases: st.SearchStrategy[bool] = MAYBE,
) -> Weights:
    """Adds weights with output channels along `axis`, per channel or per tensor, and maybe a bias."""
    channels, biased = shape[axis], draw(biases)
    depth = int(np.prod(shape)) // channels
    if x.scale is None:
        weights = builder.constant((rng.normal(size=shape) / np.sqrt(depth)).astype(np.float32))
        bias = builder.constant(rng.normal(size=channels).astype(np.float32)) if biased else -1
        return Weights(weights, bias, FLOAT)
    own = [float32(m) for m in 10.0 ** rng.uniform(-4, -1, channels if draw(st.booleans()) else 1)]
    data: npt.NDArray[np.int8] = rng.integers(-128, 127, shape, np.int8, endpoint=True)
    weights = builder.constant(data, own, axis=axis)
    spread, low, high = draw(REGIMES)
    bias = -1
    if biased:
        values = rng.integers(-spread, spread, channels, np.int32)
        bias = builder.constant(values, [float32(x.scale * scale) for scale in own])
    suitable = x.scale * max(own) * np.sqrt(depth) * 40
    return Weights(weights, bias, draw(result_types("int8", suitable, low, high)))
