# SPDX-License-Identifier: Apache-2.0
"""onnxruntime's rule in integers: dequantize, compute with real numbers, quantize with halves to even.

An int32 accumulator A stands for the real number ``(A + offset) * scale`` in steps of the output, with `scale` and
`offset` rational. Its quantized value is a step function of A with at most 255 thresholds, which are computed here
exactly. A fixed-point form is used only if it steps at the very same places, for every accumulator that the weights
can reach: equality is proven, threshold by threshold.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from tvm_stm32.errors import ModelError
from tvm_stm32.model.network import Activation, Network, Operator, Quantization
from tvm_stm32.quantize.accumulator import AccumulatorRule
from tvm_stm32.quantize.tflite import quantize_multiplier

#: range of int8
LOW, HIGH = -128, 127
#: bits of the rounding constant that ``tvm_ai_scale_offset`` carries beside the shift
OFFSET_BITS = 26
#: ``tvm_ai_scale_even`` takes for a tie what is within 2**-TIE_BITS steps of one
TIE_BITS = 20
#: the shift is at most this, so that a product of two int32 and the rounding constant fit int64
MAX_SHIFT = 62


def quantize_value(real: float, quantization: Quantization, low: int = LOW, high: int = HIGH) -> int:
    """One real number quantized as ONNX's QuantizeLinear does: divided in float32, halves to even, saturated."""
    with np.errstate(over="ignore"):
        steps = float(np.float32(real) / np.float32(quantization.scale))
    if math.isinf(steps):
        return low if steps < 0 else high
    return min(max(round(steps) + quantization.zero_point, low), high)


def onnx_activation_bounds(activation: Activation, y: Quantization) -> tuple[int, int]:
    """The clamp in quantized values. Quantization is monotone, so clamping before it or after it is the same."""
    low = LOW if activation.low is None else quantize_value(activation.low, y)
    high = HIGH if activation.high is None else quantize_value(activation.high, y)
    return low, high


@dataclass(frozen=True, slots=True)
class Channel:
    """The accumulators of one output channel: ``(A + offset) * scale`` output steps, A from `least` to `most`."""

    scale: Fraction
    offset: Fraction
    least: int
    most: int

    def thresholds(self, low: int, high: int) -> list[tuple[int, int]]:
        """``(k, v)`` for each k in (low, high]: the rounded result is k or more from accumulator v on.

        v is within the reachable accumulators, or one past them.
        """
        return [(k, min(max(self.threshold(k), self.least), self.most + 1)) for k in range(low + 1, high + 1)]

    def threshold(self, step: int) -> int:
        """The smallest accumulator, reachable or not, that is rounded to at least `step`."""
        p, q = self.scale.as_integer_ratio()
        n, d = self.offset.as_integer_ratio()
        whole, rest = divmod((2 * step - 1) * q * d - 2 * p * n, 2 * p * d)
        # The accumulator that is exactly between two steps goes to the even one.
        return whole + 1 if rest or step % 2 else whole

    @property
    def multiplier(self) -> int:
        """With `exponent` the scale in fixed point: about ``multiplier / 2^(31 + exponent)``."""
        return quantize_multiplier(float(self.scale))[0]

    @property
    def exponent(self) -> int:
        """How far to the right; negative where the scale is 1 or more."""
        return -quantize_multiplier(float(self.scale))[1]


def onnx_accumulator_rule(
    network: Network, operator: Operator, weights: npt.NDArray[Any], bias: npt.NDArray[Any]
) -> AccumulatorRule:
    """The exact rule of a quantized convolution, depthwise convolution or fully connected operator.

    Args:
        network: the operator's network. The bias tensor's quantization gives its real values, also where they are no
            multiples of the products' scale; without one the bias counts products.
        operator: inputs (x, weights[, bias]).
        weights: (outputs, products per output).
        bias: (outputs,), as the accumulators start with it.

    Raises:
        ModelError: scales that no quantizer writes, so large that the result leaves 32 bits.
    """
    y = network.output_tensors(operator)[0]
    assert y.quantization is not None
    low, high = onnx_activation_bounds(operator.attributes.activation, y.quantization)  # type: ignore[union-attr]
    return _rule(onnx_channels(network, operator, weights, bias), low, high, y.quantization.zero_point)


def onnx_channels(
    network: Network, operator: Operator, weights: npt.NDArray[Any], bias: npt.NDArray[Any]
) -> list[Channel]:
    """The accumulators of each output channel; arguments and errors as of `onnx_accumulator_rule`."""
    x, w = network.input_tensors(operator)[:2]
    y = network.output_tensors(operator)[0]
    assert x.quantization is not None
    assert w.quantization is not None
    assert y.quantization is not None
    scales = [Fraction(x.quantization.scale) * Fraction(scale) for scale in w.quantization.scales]
    scales *= len(weights) // len(scales)
    least, most = _reach(weights, bias, x.quantization.zero_point)
    offsets = _bias_offsets(network, operator, bias, scales)
    step = Fraction(y.quantization.scale)
    channels = [
        Channel(scale / step, offset, int(a), int(b))
        for scale, offset, a, b in zip(scales, offsets, least, most, strict=True)
    ]
    for channel in channels:
        if max(-channel.least, channel.most) * channel.scale >= 2**30:
            raise ModelError(
                f"the output's scale {y.quantization.scale} is absurdly small for the scales of input and weights",
                where=f"layer {operator.name} ({operator.source})",
                hint="quantize the model again with representative data",
            )
    return channels


def _reach(
    weights: npt.NDArray[Any], bias: npt.NDArray[Any], zero_point: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The least and the most that each output's accumulator can be, over all int8 inputs."""
    wide = weights.astype(np.int64)
    up, down = np.maximum(wide, 0).sum(axis=1), np.minimum(wide, 0).sum(axis=1)
    start = bias.astype(np.int64)
    # Padding contributes nothing, which is within the range as the zero point is an int8 value.
    return (
        start + up * (LOW - zero_point) + down * (HIGH - zero_point),
        start + up * (HIGH - zero_point) + down * (LOW - zero_point),
    )


def _bias_offsets(
    network: Network, operator: Operator, bias: npt.NDArray[Any], scales: list[Fraction]
) -> list[Fraction]:
    """By how much the real bias exceeds the integer one, in units of the accumulator.

    A file states the bias's scale as a float32, which is not quite the product of the other two.
    """
    quantization = network.tensors[operator.inputs[2]].quantization if len(operator.inputs) > 2 else None
    if quantization is None:
        return [Fraction(0)] * len(scales)
    own = [Fraction(scale) for scale in quantization.scales] * (len(scales) // len(quantization.scales))
    return [int(value) * (s / scale - 1) for value, s, scale in zip(bias, own, scales, strict=True)]


# --- fixed-point forms -----------------------------------------------------------------------------------------------


def _rule(channels: list[Channel], low: int, high: int, zero_point: int) -> AccumulatorRule:
    """The cheapest form that is exact in every channel; the nearest fixed-point number where none is."""
    multipliers, shifts = zip(*(_fixed_point(channel.scale) for channel in channels), strict=True)
    thresholds = [channel.thresholds(low - zero_point, high - zero_point) for channel in channels]
    rows = list(zip(channels, multipliers, shifts, thresholds, strict=True))
    windows = [_rounding_window(*row) for row in rows]
    if all(least <= 1 << (shift - 1) <= most for (least, most), shift in zip(windows, shifts, strict=True)):
        return AccumulatorRule("tvm_ai_scale_nearest", multipliers, shifts, low, high)
    packed = [_pack_offset(window, shift) for window, shift in zip(windows, shifts, strict=True)]
    offsets = [value for value in packed if value is not None]
    if len(offsets) == len(packed):
        return AccumulatorRule("tvm_ai_scale_offset", multipliers, tuple(offsets), low, high)
    packed = [_pack_offset((_half(*row[:3]),) * 2, row[2], nearest=True) for row in rows]
    offsets = [value for value in packed if value is not None]
    if len(offsets) == len(packed) and all(map(_even_is_exact, channels, multipliers, offsets, thresholds)):
        return AccumulatorRule("tvm_ai_scale_even", multipliers, tuple(offsets), low, high)
    return AccumulatorRule("tvm_ai_scale_nearest", multipliers, shifts, low, high)


def _fixed_point(scale: Fraction) -> tuple[int, int]:
    """``(multiplier, shift)`` with ``scale ~ multiplier / 2**shift``; multiplier below 2**31, shift 1 to 62."""
    exponent = math.frexp(scale)[1]
    shift = min(max(31 - exponent, 1), MAX_SHIFT)
    multiplier = round(scale * 2**shift)
    if multiplier == 2**31 and shift > 1:
        multiplier, shift = 2**30, shift - 1
    return min(multiplier, 2**31 - 1), shift


def _rounding_window(
    channel: Channel, multiplier: int, shift: int, thresholds: list[tuple[int, int]]
) -> tuple[int, int]:
    """The least and the most R for which ``(A * multiplier + R) >> shift`` is exact; empty when least > most."""
    least, most = 0, (1 << shift) - 1
    for k, v in thresholds:
        target = k << shift
        if v <= channel.most:
            least = max(least, target - v * multiplier)
        if v > channel.least:
            most = min(most, target - (v - 1) * multiplier - 1)
    return least, most


def _half(channel: Channel, multiplier: int, shift: int) -> int:
    """One half and the fraction of the bias: the rounding constant of an accumulator between two."""
    return (1 << (shift - 1)) + round(channel.offset * multiplier)


def _pack_offset(window: tuple[int, int], shift: int, nearest: bool = False) -> int | None:
    """A rounding constant and the shift as the C functions take them: in one int32, the shift lowest.

    The constant is a multiple of ``2**(shift - OFFSET_BITS)`` within the window, or `nearest` to it.
    """
    unit = shift - OFFSET_BITS
    if unit < 0:
        return None
    least, most = window
    offset = ((least + most) // 2 + (1 << unit >> 1)) >> unit
    if not 0 <= offset < 1 << OFFSET_BITS or not (nearest or least <= offset << unit <= most):
        return None
    packed = offset << 6 | shift
    return packed - (1 << 32) if packed >= 1 << 31 else packed


def _even_is_exact(channel: Channel, multiplier: int, packed: int, thresholds: list[tuple[int, int]]) -> bool:
    """Whether ``tvm_ai_scale_even`` steps where it should."""
    shift, offset = packed & 63, (packed & 0xFFFFFFFF) >> 6
    tolerance = 1 << (shift - TIE_BITS - 1)

    def scaled(accumulator: int) -> int:
        total = accumulator * multiplier + (offset << (shift - OFFSET_BITS)) + tolerance
        result = total >> shift
        tie = total & ((1 << shift) - 1) < 2 * tolerance
        return result - (result & 1) if tie else result

    return all(
        (v > channel.most or scaled(v) >= k) and (v <= channel.least or scaled(v - 1) < k) for k, v in thresholds
    )
