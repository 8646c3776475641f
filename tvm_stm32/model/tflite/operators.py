# SPDX-License-Identifier: Apache-2.0
"""One reader for each operator of TensorFlow Lite that is supported.

A reader checks the layer's types and shapes, and the output's shape against the one that the operator computes; it
answers with the operator's attributes and arithmetic. All of them raise `ModelError` about the layer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tvm_stm32.model.network import (
    Activation,
    Arithmetic,
    Concat,
    Conv2D,
    DepthwiseConv2D,
    Dequantize,
    FullyConnected,
    Function,
    Mean,
    Pad,
    Pool2D,
    Quantize,
    Reshape,
    Transpose,
)
from tvm_stm32.model.tflite.elementwise import (
    Reading,
    read_add,
    read_clamp,
    read_extremum,
    read_mul,
    read_nonlinear,
    read_softmax,
    read_sub,
)
from tvm_stm32.model.tflite.geometry import require_plane, window
from tvm_stm32.model.tflite.layer import Layer
from tvm_stm32.model.tflite.types import arithmetic_of, per_tensor, require_same_quantization, require_weights

#: TFLM's pools accept scales of input and output that are this close
POOL_SCALE_TOLERANCE = 1e-6


def read_conv_2d(layer: Layer) -> Reading:
    """CONV_2D; fewer input channels in the weights than in the input are groups."""
    layer.require_operands(2, 3)
    require_plane(layer)
    weights = layer.constant(1, "weights")
    layer.require(len(weights.shape) == 4, f"the weights have {len(weights.shape)} dimensions, expected 4 (OHWI)")
    arithmetic = require_weights(layer, axis=0)
    outputs, rows, columns, depth = weights.shape
    channels = layer.input(0).shape[3]
    groups = channels // depth
    what = f"{channels} input channels and {outputs} output channels do not divide into groups of {depth}"
    layer.require(channels % depth == 0 and outputs % groups == 0, what)
    strides, dilations = _strides(layer), _dilations(layer)
    plane, padding = window(layer, (rows, columns), strides, dilations)
    layer.expect_output_shape((1, *plane, outputs))
    return Conv2D(strides, dilations, padding, groups, layer.activation()), arithmetic


def read_depthwise_conv_2d(layer: Layer) -> Reading:
    """DEPTHWISE_CONV_2D; the multiplier follows from the shapes, the file's own must agree."""
    layer.require_operands(2, 3)
    require_plane(layer)
    weights = layer.constant(1, "weights")
    what = f"the weights have the shape {list(weights.shape)}, expected [1, rows, columns, channels]"
    layer.require(len(weights.shape) == 4 and weights.shape[0] == 1, what)
    arithmetic = require_weights(layer, axis=3)
    _, rows, columns, outputs = weights.shape
    channels = layer.input(0).shape[3]
    multiplier = layer.options["DepthMultiplier"]
    what = f"{channels} input channels times multiplier {multiplier} is not {outputs} output channels"
    layer.require(channels * multiplier == outputs, what)
    strides, dilations = _strides(layer), _dilations(layer)
    plane, padding = window(layer, (rows, columns), strides, dilations)
    layer.expect_output_shape((1, *plane, outputs))
    return DepthwiseConv2D(multiplier, strides, dilations, padding, layer.activation()), arithmetic


def read_fully_connected(layer: Layer) -> Reading:
    """FULLY_CONNECTED; the input is flattened into rows as long as the weights', whatever its rank."""
    layer.require_operands(2, 3)
    weights = layer.constant(1, "weights")
    layer.require(len(weights.shape) == 2, f"the weights have {len(weights.shape)} dimensions, expected 2")
    layer.require(layer.options["WeightsFormat"] == 0, "shuffled weights are not supported", "use the default format")
    arithmetic = require_weights(layer, axis=0)
    x = layer.input(0)
    outputs, depth = weights.shape
    layer.require(x.elements % depth == 0, f"{x.elements} input values do not divide into rows of {depth}")
    if layer.options["KeepNumDims"]:
        layer.require(x.shape[-1:] == (depth,), f"the input's rows are not {depth} long, which keep_num_dims asks for")
        layer.expect_output_shape((*x.shape[:-1], outputs))
    else:
        layer.expect_output_shape((x.elements // depth, outputs))
    return FullyConnected(layer.activation()), arithmetic


def read_max_pool_2d(layer: Layer) -> Reading:
    """MAX_POOL_2D."""
    return _pool(layer, "max")


def read_average_pool_2d(layer: Layer) -> Reading:
    """AVERAGE_POOL_2D; padding does not count."""
    return _pool(layer, "average")


def read_mean(layer: Layer) -> Reading:
    """MEAN over constant axes, which may be negative or repeated."""
    layer.require_operands(2, 2)
    x = layer.input(0)
    arithmetic = arithmetic_of(layer, x, layer.output)
    axes = _axes(layer, layer.integers(1, "axes"), len(x.shape))
    keep = bool(layer.options["KeepDims"])
    kept = [(i, 1 if i in axes else n) for i, n in enumerate(x.shape) if keep or i not in axes]
    layer.expect_output_shape(tuple(n for _, n in kept))
    return Mean(axes, keep), arithmetic


def read_reshape(layer: Layer) -> Reading:
    """RESHAPE, SQUEEZE, EXPAND_DIMS: the output's shape says it all, it only must have as many elements."""
    layer.require_operands(1, 2)
    x = layer.input(0)
    arithmetic = arithmetic_of(layer, x, layer.output)
    layer.require(x.elements == layer.output.elements, f"{x.elements} values cannot fill {layer.output.elements}")
    return Reshape(), arithmetic


def read_transpose(layer: Layer) -> Reading:
    """TRANSPOSE by a constant permutation."""
    layer.require_operands(2, 2)
    x = layer.input(0)
    arithmetic = arithmetic_of(layer, x, layer.output)
    permutation = layer.integers(1, "permutation")
    rank = len(x.shape)
    layer.require(sorted(permutation) == list(range(rank)), f"{permutation} is no permutation of {rank} axes")
    layer.expect_output_shape(tuple(x.shape[i] for i in permutation))
    return Transpose(tuple(permutation)), arithmetic


def read_pad(layer: Layer) -> Reading:
    """PAD and PADV2."""
    layer.require_operands(2, 3)
    x, widths = layer.input(0), layer.input(1)
    arithmetic = arithmetic_of(layer, x, layer.output)
    values = layer.integers(1, "paddings")
    rank = len(x.shape)
    layer.require(widths.shape == (rank, 2), f"the paddings have the shape {list(widths.shape)}, expected [{rank}, 2]")
    layer.require(min(values, default=0) >= 0, f"the paddings {values} are negative")
    pairs = tuple(zip(values[::2], values[1::2], strict=True))
    layer.expect_output_shape(tuple(before + n + after for n, (before, after) in zip(x.shape, pairs, strict=True)))
    return Pad(pairs, _pad_value(layer)), arithmetic


def read_concatenation(layer: Layer) -> Reading:
    """CONCATENATION; constants among the inputs are allowed."""
    layer.require_operands(1, len(layer.inputs))
    parts = [layer.input(i) for i in range(len(layer.inputs))]
    arithmetic = arithmetic_of(layer, *parts, layer.output)
    layer.require(layer.activation() == Activation(), "a fused activation is not supported here")
    rank = len(layer.output.shape)
    (axis,) = _axes(layer, [layer.options["Axis"]], rank)
    what = "the inputs' shapes differ in more than the axis they are joined along"
    for part in parts:
        require_same_quantization(layer, part)
    others = {(*part.shape[:axis], *part.shape[axis + 1 :]) for part in parts}
    layer.require(len(others) == 1 and all(len(part.shape) == rank for part in parts), what)
    joined = sum(part.shape[axis] for part in parts)
    layer.expect_output_shape((*parts[0].shape[:axis], joined, *parts[0].shape[axis + 1 :]))
    return Concat(axis), arithmetic


def read_quantize(layer: Layer) -> Reading:
    """QUANTIZE from float32, from int8 of another scale, and between int8 and uint8 as inputs and outputs have it."""
    layer.require_operands(1, 1)
    x = layer.input(0)
    conversion = (x.dtype, layer.output.dtype)
    supported = conversion in (("float32", "int8"), ("int8", "int8"), ("uint8", "int8"), ("int8", "uint8"))
    hint = "give the model int8 or float32 inputs and outputs"
    layer.require(supported, f"{x.dtype} to {layer.output.dtype} is not supported", hint)
    for tensor in (x, layer.output):
        if tensor.dtype != "float32":
            per_tensor(layer, tensor)
    layer.expect_output_shape(x.shape)
    return Quantize(), Arithmetic.TFLITE


def read_dequantize(layer: Layer) -> Reading:
    """DEQUANTIZE from int8 or uint8 to float32."""
    layer.require_operands(1, 1)
    x = layer.input(0)
    hint = "give the model int8 or float32 inputs and outputs"
    supported = x.dtype in ("int8", "uint8") and layer.output.dtype == "float32"
    layer.require(supported, f"{x.dtype} to {layer.output.dtype} is not supported", hint)
    per_tensor(layer, x)
    layer.expect_output_shape(x.shape)
    return Dequantize(), Arithmetic.TFLITE


def _strides(layer: Layer) -> tuple[int, int]:
    return layer.options["StrideH"], layer.options["StrideW"]


def _dilations(layer: Layer) -> tuple[int, int]:
    return layer.options["DilationHFactor"], layer.options["DilationWFactor"]


def _pool(layer: Layer, mode: str) -> Reading:
    layer.require_operands(1, 1)
    require_plane(layer)
    arithmetic = arithmetic_of(layer, layer.input(0), layer.output)
    require_same_quantization(layer, layer.input(0), POOL_SCALE_TOLERANCE)
    kernel = (layer.options["FilterHeight"], layer.options["FilterWidth"])
    strides = _strides(layer)
    plane, padding = window(layer, kernel, strides, (1, 1))
    layer.expect_output_shape((1, *plane, layer.input(0).shape[3]))
    return Pool2D(mode, kernel, strides, padding, activation=layer.activation()), arithmetic


def _axes(layer: Layer, axes: list[int], rank: int) -> tuple[int, ...]:
    """Axes as non-negative numbers, sorted, each once."""
    layer.require(all(-rank <= axis < rank for axis in axes), f"axes {axes} of a tensor with {rank} dimensions")
    return tuple(sorted({axis % rank for axis in axes}))


def _pad_value(layer: Layer) -> float | None:
    """The real value of PADV2; None for PAD."""
    if layer.optional_input(2) is None:
        return None
    tensor = layer.constant(2, "padding value")
    layer.require(tensor.elements == 1, f"the padding value has {tensor.elements} elements, expected 1")
    layer.require(tensor.dtype == layer.output.dtype, f"the padding value is {tensor.dtype}")
    require_same_quantization(layer, tensor)
    assert tensor.data is not None
    value = float(tensor.data.reshape(-1)[0])
    if tensor.dtype == "float32":
        return value
    quantization = per_tensor(layer, tensor)
    return quantization.scale * (value - quantization.zero_point)


@dataclass(frozen=True, slots=True)
class Reader:
    """How an operator is read. The first `operands` inputs are data (None: all); the rest became attributes."""

    read: Callable[[Layer], Reading]
    operands: int | None = 1


READERS: dict[str, Reader] = {
    "ADD": Reader(read_add, 2),
    "AVERAGE_POOL_2D": Reader(read_average_pool_2d),
    "CONCATENATION": Reader(read_concatenation, None),
    "CONV_2D": Reader(read_conv_2d, 3),
    "DEPTHWISE_CONV_2D": Reader(read_depthwise_conv_2d, 3),
    "DEQUANTIZE": Reader(read_dequantize),
    "EXPAND_DIMS": Reader(read_reshape),
    "FULLY_CONNECTED": Reader(read_fully_connected, 3),
    "HARD_SWISH": Reader(lambda layer: read_nonlinear(layer, Function.HARD_SWISH)),
    "LEAKY_RELU": Reader(lambda layer: read_nonlinear(layer, Function.LEAKY_RELU)),
    "LOGISTIC": Reader(lambda layer: read_nonlinear(layer, Function.LOGISTIC)),
    "MAXIMUM": Reader(lambda layer: read_extremum(layer, largest=True), 2),
    "MAX_POOL_2D": Reader(read_max_pool_2d),
    "MEAN": Reader(read_mean),
    "MINIMUM": Reader(lambda layer: read_extremum(layer, largest=False), 2),
    "MUL": Reader(read_mul, 2),
    "PAD": Reader(read_pad),
    "PADV2": Reader(read_pad),
    "QUANTIZE": Reader(read_quantize),
    "RELU": Reader(lambda layer: read_clamp(layer, Activation(0.0, None))),
    "RELU6": Reader(lambda layer: read_clamp(layer, Activation(0.0, 6.0))),
    "RELU_0_TO_1": Reader(lambda layer: read_clamp(layer, Activation(0.0, 1.0))),
    "RELU_N1_TO_1": Reader(lambda layer: read_clamp(layer, Activation(-1.0, 1.0))),
    "RESHAPE": Reader(read_reshape),
    "SOFTMAX": Reader(read_softmax),
    "SQUEEZE": Reader(read_reshape),
    "SUB": Reader(read_sub, 2),
    "TANH": Reader(lambda layer: read_nonlinear(layer, Function.TANH)),
    "TRANSPOSE": Reader(read_transpose),
}
