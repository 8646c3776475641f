# SPDX-License-Identifier: Apache-2.0
"""The sums of products of convolutions and fully connected layers: their weights by channel, and their extremes."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from tvm_stm32.model.network import Arithmetic, Conv2D, DepthwiseConv2D, FullyConnected, Network, Operator, Tensor
from tvm_stm32.quantize.evaluate import scaled
from tvm_stm32.quantize.requantize import onnx_channels
from tvm_stm32.quantize.rule import accumulator_rule
from tvm_stm32.simplify.value_range import Integers, ValueRange, channels_of

#: operators with inputs (x, weights[, bias])
WEIGHTED = (Conv2D, DepthwiseConv2D, FullyConnected)


@dataclass(frozen=True)
class Products:
    """An int8 operator that accumulates products.

    `weights` is (outputs, taps, inputs): taps are positions of the kernel, inputs the channels that one output reads.
    `sources` (outputs or 1, inputs) says which channel of x each is. `bias` is (outputs,).
    """

    x: Tensor
    y: Tensor
    weights: Integers
    bias: Integers
    sources: npt.NDArray[np.intp]
    padded: bool  #: whether some window reads padding

    @property
    def zero_point(self) -> int:
        """What padding counts as."""
        assert self.x.quantization is not None
        return self.x.quantization.zero_point

    @property
    def flat(self) -> Integers:
        """(outputs, products per output)."""
        return self.weights.reshape(len(self.weights), -1)


def products_of(network: Network, operator: Operator) -> Products | None:
    """The products of a quantized operator with constant int8 weights and int32 bias; None for any other.

    None too when its constants could overflow a 32-bit accumulator, or rows of weights cut through the channels of x.
    """
    if not isinstance(operator.attributes, WEIGHTED) or operator.arithmetic is Arithmetic.FLOAT:
        return None
    tensors = network.input_tensors(operator)
    x, y = tensors[0], network.output_tensors(operator)[0]
    quantized = all(t.dtype == "int8" and t.quantization is not None for t in (x, y, tensors[1]))
    if not quantized or any(t.data is None for t in tensors[1:]):
        return None
    data = tensors[1].data
    assert data is not None
    weights, sources = _by_channel(operator, data.astype(np.int64), channels_of(x))
    bias = np.zeros(len(weights), np.int64)
    if len(tensors) > 2 and tensors[2].data is not None:
        bias = tensors[2].data.reshape(-1).astype(np.int64)
    if sources is None or channels_of(y) != len(weights):
        return None
    if (np.abs(weights).sum(axis=(1, 2)) * 255 + np.abs(bias)).max(initial=0) >= 2**31:
        return None
    return Products(x, y, weights, bias, sources, _reads_padding(network, operator))


def _by_channel(operator: Operator, weights: Integers, channels: int) -> tuple[Integers, npt.NDArray[np.intp] | None]:
    """Weights as (outputs, taps, inputs), and the channel of x behind each input."""
    attributes = operator.attributes
    if isinstance(attributes, DepthwiseConv2D):
        outputs = weights.shape[3]
        return weights.reshape(-1, outputs).T[:, :, None], np.arange(outputs)[:, None] // attributes.multiplier
    if isinstance(attributes, Conv2D):
        outputs, inputs = len(weights), weights.shape[3]
        first = np.arange(outputs) // (outputs // attributes.groups) * inputs
        return weights.reshape(outputs, -1, inputs), first[:, None] + np.arange(inputs)[None, :]
    outputs, inputs = weights.shape
    whole = inputs % channels == 0
    # A row that holds several pixels: each of them is a tap.
    return weights.reshape(outputs, -1, channels if whole else inputs), np.arange(channels)[None] if whole else None


def _reads_padding(network: Network, operator: Operator) -> bool:
    """Whether any window reaches outside the input."""
    attributes = operator.attributes
    if not isinstance(attributes, Conv2D | DepthwiseConv2D):
        return False
    x, weights = network.input_tensors(operator)[:2]
    y = network.output_tensors(operator)[0]
    before = (attributes.padding.top, attributes.padding.left)
    sizes = zip(x.shape[1:3], y.shape[1:3], weights.shape[1:3], strict=True)
    steps = zip(attributes.strides, attributes.dilations, before, strict=True)
    return any(
        first > 0 or (outputs - 1) * stride - first + (kernel - 1) * dilation >= inputs
        for (inputs, outputs, kernel), (stride, dilation, first) in zip(sizes, steps, strict=True)
    )


def output_range(network: Network, operator: Operator, products: Products, x: ValueRange) -> ValueRange:
    """The outputs that inputs within `x` can give: rounding never falls, so the extreme sums give the extremes."""
    inputs = x.widened(products.zero_point) if products.padded else x
    low, high = (bound[products.sources][:, None, :] - products.zero_point for bound in (inputs.low, inputs.high))
    ends = products.weights * low, products.weights * high
    least = np.minimum(*ends).sum(axis=(1, 2)) + products.bias
    most = np.maximum(*ends).sum(axis=(1, 2)) + products.bias
    rule = accumulator_rule(network, operator, products.flat, products.bias)
    assert products.y.quantization is not None
    zero_point, bounds = products.y.quantization.zero_point, (rule.low, rule.high)
    result = ValueRange(scaled(rule, least) + zero_point, scaled(rule, most) + zero_point)
    if operator.arithmetic is Arithmetic.ONNX:
        # A kernel may follow the fixed-point rule or the real numbers; mostly they are proven the same.
        channels = onnx_channels(network, operator, products.flat, products.bias)
        real = [
            [
                round((int(sum_) + c.offset) * Fraction(c.scale)) + zero_point
                for sum_, c in zip(sums, channels, strict=True)
            ]
            for sums in (least, most)
        ]
        result = ValueRange(np.minimum(result.low, real[0]), np.maximum(result.high, real[1]))
    elif rule.helper == "tvm_ai_requantize":
        # Beyond 32 bits a shift to the left wraps around.
        reach = np.maximum(-least, most) << np.maximum(np.resize(np.array(rule.shifts, np.int64), least.shape), 0)
        wraps = reach >= 2**31
        result = ValueRange(np.where(wraps, -128, result.low), np.where(wraps, 127, result.high))
    return result.clipped(bounds)
