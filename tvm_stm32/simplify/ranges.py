# SPDX-License-Identifier: Apache-2.0
"""Value ranges through a network: from inputs of any value to every int8 tensor, channel by channel.

Each operator's range comes from its own integer arithmetic. That never falls when an operand grows, or grows and falls
with the operands' signs, so that its extremes are at the ends of the operands' ranges. An operator without a rule here
has the full range.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import numpy as np

from tvm_stm32.model.network import (
    Activation,
    Add,
    Arithmetic,
    Attributes,
    Clamp,
    Concat,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    Mean,
    Mul,
    Network,
    Nonlinear,
    Operator,
    Pad,
    Pool2D,
    Quantization,
    Quantize,
    Reshape,
    Tensor,
    Transpose,
)
from tvm_stm32.quantize.evaluate import fixed_point
from tvm_stm32.quantize.nonlinear import nonlinear_table
from tvm_stm32.quantize.reals import dequantize_all, quantize_reals
from tvm_stm32.quantize.requantize import onnx_activation_bounds
from tvm_stm32.quantize.tflite import (
    ADD_SHIFT,
    INTEGER_RANGES,
    RELU6,
    activation_bounds,
    mean_multiplier,
    quantize_multiplier,
    round_half_away,
)
from tvm_stm32.simplify.products import output_range, products_of
from tvm_stm32.simplify.value_range import Integers, ValueRange, channels_of, hull

Rule = Callable[[Network, Operator, list[ValueRange], Tensor], ValueRange | None]


def value_ranges(network: Network) -> dict[str, ValueRange]:
    """The range of every int8 tensor of `network`, by name."""
    ranges: dict[str, ValueRange] = {}
    for name, tensor in network.tensors.items():
        if tensor.dtype == "int8":
            known = tensor.data is not None and tensor.elements > 0
            ranges[name] = ValueRange.of_constant(tensor) if known else ValueRange.full(tensor)
    for operator in network.operators:
        y = network.output_tensors(operator)[0]
        operands = [ranges[name] for name in operator.inputs if name in ranges]
        rule = _RULES.get(type(operator.attributes))
        if rule and y.dtype == "int8" and operands and network.tensors[operator.inputs[0]].dtype == "int8":
            result = rule(network, operator, operands, y)
            if result is not None:
                ranges[y.name] = result
    return ranges


def _products(network: Network, operator: Operator, operands: list[ValueRange], y: Tensor) -> ValueRange | None:  # noqa: ARG001
    products = products_of(network, operator)
    return output_range(network, operator, products, operands[0]) if products else None


def _pairs(network: Network, operator: Operator, operands: list[ValueRange], y: Tensor) -> ValueRange | None:
    """Add and Mul: the extremes are among the four pairs of ends."""
    attributes = operator.attributes
    assert isinstance(attributes, Add | Mul)
    quantizations = [_quantization(tensor) for tensor in network.input_tensors(operator)]
    if len(operands) != 2 or None in quantizations or y.quantization is None:
        return None
    a, b = (q for q in quantizations if q is not None)
    if isinstance(attributes, Mul) and 2**16 * a.scale * b.scale / y.quantization.scale >= 2**30:
        return None  # the product leaves 32 bits when it is shifted
    combine = _COMBINE[type(attributes), operator.arithmetic]
    ends = [(np.broadcast_arrays(u, v)) for u, v in product(*((r.low, r.high) for r in operands))]
    results = [combine(u, v, a, b, y.quantization) for u, v in ends]
    if channels_of(y) != len(results[0]):
        return None
    result = ValueRange(np.min(results, axis=0), np.max(results, axis=0))
    return result.clipped(_bounds(operator, attributes.activation, y))


def _add_tflite(u: Integers, v: Integers, a: Quantization, b: Quantization, y: Quantization) -> Integers:
    """Source: TFLite's ``reference_integer_ops::AddFunc``."""
    twice = 2.0 * max(a.scale, b.scale)
    fine = [
        fixed_point((value - q.zero_point) << ADD_SHIFT, *quantize_multiplier(q.scale / twice))
        for value, q in ((u, a), (v, b))
    ]
    return fixed_point(fine[0] + fine[1], *quantize_multiplier(twice / (2**ADD_SHIFT * y.scale))) + y.zero_point


def _mul_tflite(u: Integers, v: Integers, a: Quantization, b: Quantization, y: Quantization) -> Integers:
    """Source: TFLite's ``reference_integer_ops::MulElementwise``."""
    centred = (u - a.zero_point) * (v - b.zero_point)
    return fixed_point(centred, *quantize_multiplier(a.scale * b.scale / y.scale)) + y.zero_point


def _add_onnx(u: Integers, v: Integers, a: Quantization, b: Quantization, y: Quantization) -> Integers:
    return quantize_reals(dequantize_all(a)[u + 128] + dequantize_all(b)[v + 128], y)


def _mul_onnx(u: Integers, v: Integers, a: Quantization, b: Quantization, y: Quantization) -> Integers:
    return quantize_reals(dequantize_all(a)[u + 128] * dequantize_all(b)[v + 128], y)


_COMBINE = {
    (Add, Arithmetic.TFLITE): _add_tflite,
    (Add, Arithmetic.ONNX): _add_onnx,
    (Mul, Arithmetic.TFLITE): _mul_tflite,
    (Mul, Arithmetic.ONNX): _mul_onnx,
}


def _pool(network: Network, operator: Operator, operands: list[ValueRange], y: Tensor) -> ValueRange | None:
    """The largest value and the rounded average lie between the least and the greatest, of windows that read any."""
    attributes = operator.attributes
    assert isinstance(attributes, Pool2D)
    x = network.input_tensors(operator)[0]
    padding, (rows, columns) = attributes.padding, attributes.kernel
    reads = max(padding.top, padding.bottom) < rows and max(padding.left, padding.right) < columns
    if attributes.mode == "average" and operator.arithmetic is Arithmetic.ONNX:
        return _real_zeros(operands[0], x, y)
    if not reads or y.quantization is None or _quantization(x) is None:
        return None
    return operands[0].clipped(activation_bounds(attributes.activation, y.quantization, "int8"))


def _mean(network: Network, operator: Operator, operands: list[ValueRange], y: Tensor) -> ValueRange | None:
    """The mean of equal values. Source: TFLite's ``reference_ops::QuantizedMeanOrSum``."""
    attributes = operator.attributes
    assert isinstance(attributes, Mean)
    x = network.input_tensors(operator)[0]
    source, target = _quantization(x), _quantization(y)
    if len(x.shape) - 1 in attributes.axes or source is None or target is None:
        return None
    if operator.arithmetic is Arithmetic.ONNX:
        return _real_zeros(operands[0], x, y)
    count = x.elements // y.elements
    factor = mean_multiplier(source.scale, target.scale, count)
    if 255 * count << max(factor[1], 0) >= 2**31:
        return None
    ends = [
        fixed_point((end - source.zero_point) * count, *factor) + target.zero_point
        for end in (operands[0].low, operands[0].high)
    ]
    return ValueRange(ends[0], ends[1]).clipped(INTEGER_RANGES["int8"])


def _real_zeros(operand: ValueRange, x: Tensor, y: Tensor) -> ValueRange | None:
    """An average in floating point: of zeros it is zero, whatever the order of additions; of others anything."""
    source, target = _quantization(x), _quantization(y)
    if source is None or target is None:
        return None
    zero = operand.constant & (operand.low == source.zero_point)
    full = ValueRange.full(y)
    return ValueRange(np.where(zero, target.zero_point, full.low), np.where(zero, target.zero_point, full.high))


def _pointwise(network: Network, operator: Operator, operands: list[ValueRange], y: Tensor) -> ValueRange | None:
    """A clamp or requantization."""
    attributes = operator.attributes
    source, target = _quantization(network.input_tensors(operator)[0]), _quantization(y)
    if source is None or target is None:
        return None
    activation = attributes.activation if isinstance(attributes, Clamp) else Activation()
    if operator.arithmetic is Arithmetic.ONNX:
        reals = dequantize_all(source)
        low = -np.inf if activation.low is None else activation.low
        high = np.inf if activation.high is None else activation.high
        table = quantize_reals(np.clip(reals, np.float32(low), np.float32(high)), target)
        return ValueRange(table[operands[0].low + 128], table[operands[0].high + 128])
    factor = source.scale / target.scale
    bounds = INTEGER_RANGES["int8"]
    if isinstance(attributes, Clamp):
        # TFLM clamps RELU6 on the input's scale.
        target = source if activation == RELU6 else target
        factor = float(np.float32(source.scale) / np.float32(target.scale))
        bounds = activation_bounds(activation, target, "int8")
    if factor * 255 >= 2**31:
        return None
    ends = [
        fixed_point(end - source.zero_point, *quantize_multiplier(factor)) + target.zero_point
        for end in (operands[0].low, operands[0].high)
    ]
    return ValueRange(ends[0], ends[1]).clipped(bounds)


def _nonlinear(network: Network, operator: Operator, operands: list[ValueRange], y: Tensor) -> ValueRange | None:
    """The least and the greatest result of all values in the interval."""
    attributes = operator.attributes
    assert isinstance(attributes, Nonlinear)
    source, target = _quantization(network.input_tensors(operator)[0]), _quantization(y)
    if source is None or target is None:
        return None
    table = nonlinear_table(attributes, operator.arithmetic, source, target)
    ends = zip(operands[0].low + 128, operands[0].high + 129, strict=True)
    reached = [table[low:high] for low, high in ends]
    return ValueRange(np.array([r.min() for r in reached]), np.array([r.max() for r in reached]))


def _pad(network: Network, operator: Operator, operands: list[ValueRange], y: Tensor) -> ValueRange | None:  # noqa: ARG001
    attributes = operator.attributes
    assert isinstance(attributes, Pad)
    if y.quantization is None:
        return None
    value = padding_value(attributes, y)
    before, after = attributes.widths[-1] if attributes.widths else (0, 0)
    inner = operands[0].widened(value) if any(map(any, attributes.widths[:-1])) else operands[0]
    outer = np.full(before, value, np.int64), np.full(after, value, np.int64)
    low, high = (np.concatenate([outer[0], bound, outer[1]]) for bound in (inner.low, inner.high))
    return ValueRange(low, high)


def padding_value(pad: Pad, y: Tensor) -> int:
    """What a padding of int8 writes."""
    assert y.quantization is not None
    steps = round_half_away((pad.value or 0.0) / y.quantization.scale)
    return int(np.clip(steps + y.quantization.zero_point, *INTEGER_RANGES[y.dtype]))


def _concat(network: Network, operator: Operator, operands: list[ValueRange], y: Tensor) -> ValueRange | None:
    attributes = operator.attributes
    assert isinstance(attributes, Concat)
    if len(operands) != len(operator.inputs) or not network.tensors[operator.inputs[0]].shape:
        return None
    if attributes.axis != len(y.shape) - 1:
        return hull(operands)
    return ValueRange(np.concatenate([r.low for r in operands]), np.concatenate([r.high for r in operands]))


def _reshape(network: Network, operator: Operator, operands: list[ValueRange], y: Tensor) -> ValueRange | None:  # noqa: ARG001
    return operands[0].regrouped(channels_of(y)) if len(operands[0].low) and channels_of(y) else None


def _transpose(network: Network, operator: Operator, operands: list[ValueRange], y: Tensor) -> ValueRange | None:  # noqa: ARG001
    attributes = operator.attributes
    assert isinstance(attributes, Transpose)
    kept = not y.shape or attributes.permutation[-1] == len(y.shape) - 1
    return operands[0] if kept else operands[0].regrouped(1).regrouped(channels_of(y))


def _quantization(tensor: Tensor) -> Quantization | None:
    """The quantization of an int8 tensor with one scale."""
    quantization = tensor.quantization if tensor.dtype == "int8" else None
    return quantization if quantization is not None and quantization.axis is None else None


def _bounds(operator: Operator, activation: Activation, y: Tensor) -> tuple[int, int]:
    assert y.quantization is not None
    if operator.arithmetic is Arithmetic.ONNX:
        return onnx_activation_bounds(activation, y.quantization)
    return activation_bounds(activation, y.quantization, y.dtype)


_RULES: dict[type[Attributes], Rule] = {
    Add: _pairs,
    Clamp: _pointwise,
    Concat: _concat,
    Conv2D: _products,
    DepthwiseConv2D: _products,
    FullyConnected: _products,
    Mean: _mean,
    Mul: _pairs,
    Nonlinear: _nonlinear,
    Pad: _pad,
    Pool2D: _pool,
    Quantize: _pointwise,
    Reshape: _reshape,
    Transpose: _transpose,
}
