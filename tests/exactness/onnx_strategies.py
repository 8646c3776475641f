# SPDX-License-Identifier: Apache-2.0
"""What generated ONNX models are made of: scales, zero points, windows, weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from exactness.onnx_builder import OnnxBuilder, QuantizedType
from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]
SEEDS = st.integers(0, 2**32 - 1)


def scales(low: float = 1e-3, high: float = 0.2) -> st.SearchStrategy[float]:
    """Scales: any float32, spread over the orders of magnitude; powers of two; short decimals, as people write them."""
    exponents = st.floats(np.log10(low), np.log10(high))
    any_float = exponents.map(lambda exponent: float(np.float32(10.0**exponent)))
    powers = st.integers(int(np.ceil(np.log2(low))), int(np.floor(np.log2(high)))).map(lambda n: 2.0**n)
    decimals = st.integers(1, 9).map(lambda n: float(np.float32(n / 100)))
    return st.one_of(any_float, any_float, powers, decimals)


@st.composite
def quantized_types(draw: Draw, low: float = 1e-3, high: float = 0.2) -> QuantizedType:
    """int8 or uint8, any zero point; the ends and the middle of the range often."""
    dtype = draw(st.sampled_from(["int8", "int8", "uint8"]))
    least = -128 if dtype == "int8" else 0
    zero_point = draw(st.sampled_from([0, 128, 255]) | st.integers(0, 255)) + least
    return QuantizedType(draw(scales(low, high)), zero_point, dtype)


@st.composite
def result_types(draw: Draw, scale: float) -> QuantizedType:
    """A type for results that are some hundred `scale` large: the scale itself, twice or half of it, or near it."""
    kind = draw(quantized_types())
    factor = draw(st.sampled_from([1.0, 2.0, 0.5, 3.0]) | st.floats(0.3, 6.0))
    return QuantizedType(float(np.float32(scale * factor)), kind.zero_point, kind.dtype)


@dataclass(frozen=True)
class Window:
    """A window over a picture (H, W)."""

    picture: tuple[int, int]
    kernel: tuple[int, int]
    attributes: dict[str, Any]


@st.composite
def windows(draw: Draw, dilated: bool = False) -> Window:
    """Kernels that fit the picture; explicit and automatic padding."""
    kernel = (draw(st.integers(1, 4)), draw(st.integers(1, 4)))
    attributes: dict[str, Any] = {"strides": [draw(st.integers(1, 3)), draw(st.integers(1, 3))]}
    dilations = [draw(st.sampled_from([1, 1, 2])), draw(st.sampled_from([1, 1, 3]))] if dilated else [1, 1]
    if dilated:
        attributes["dilations"] = dilations
    span = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    picture = (span[0] + draw(st.integers(0, 6)), span[1] + draw(st.integers(0, 6)))
    modes = ["NOTSET", "NOTSET", "VALID"]
    # onnxruntime refuses SAME with dilations, and where its strides would skip values
    if dilations == [1, 1] and all(s <= k for s, k in zip(attributes["strides"], kernel, strict=True)):
        modes += ["SAME_UPPER", "SAME_LOWER"]
    mode = draw(st.sampled_from(modes))
    if mode == "NOTSET":
        attributes["pads"] = [draw(st.integers(0, size - 1)) for size in (*kernel, *kernel)]
    else:
        attributes["auto_pad"] = mode
    return Window(picture, kernel, attributes)


def weighted(
    draw: Draw, builder: OnnxBuilder, shape: tuple[int, ...], x: QuantizedType, rng: np.random.Generator, axis: int = 0
) -> tuple[list[str], float]:
    """Weights per tensor or per channel along `axis`, with no bias, an int32 bias or a float one.

    Returns:
        The names of weights and bias, and a scale that suits results.
    """
    outputs = shape[axis]
    values = rng.integers(-127, 127, shape, np.int8, endpoint=True)
    per_channel = draw(st.booleans())
    scale = draw(scales(1e-3, 0.05))
    factors = rng.uniform(0.3, 1.0, outputs if per_channel else ()) if draw(st.booleans()) else 1.0
    own = np.asarray(np.float32(scale) * np.ones(outputs if per_channel else (), np.float32) * factors, np.float32)
    names = [builder.quantized_constant(values, own, axis=axis)]
    products = np.float32(x.scale) * own
    reach = 128 * np.sqrt(values.size / outputs) * 40
    bias = draw(st.sampled_from(["none", "int32", "float32"]))
    if bias == "int32":
        integers = rng.integers(-int(reach), int(reach), outputs, np.int32, endpoint=True)
        names.append(builder.quantized_constant(integers, np.broadcast_to(products, outputs).copy()))
    elif bias == "float32":
        names.append(builder.constant((rng.uniform(-reach, reach, outputs) * products).astype(np.float32)))
    return names, float(np.float32(products.max() * reach * 2 / 100))


@st.composite
def activations(draw: Draw) -> Callable[[OnnxBuilder, str], str]:
    """Nothing, Relu or Clip between an operator and the quantization of its result."""
    kind = draw(st.sampled_from(["none", "none", "Relu", "Clip"]))
    low, high = draw(st.sampled_from([(0.0, 6.0), (-1.0, 1.0), (0.0, 0.5)]))

    def add(builder: OnnxBuilder, value: str) -> str:
        if kind == "none":
            return value
        if kind == "Relu":
            return builder.node("Relu", value)
        return builder.node("Clip", value, *(builder.constant(np.float32(bound)) for bound in (low, high)))

    return add
