# SPDX-License-Identifier: Apache-2.0
"""TFLite's fixed-point arithmetic: real multipliers as 32-bit multiplier and shift, and quantized clamp bounds.

The run-time half is ``tvm_ai_requantize`` in ``runtime/include/tvm_ai_kernels.h``.
"""

from __future__ import annotations

import math

from tvm_stm32.model.network import Activation, Quantization

#: sums of int8 are computed in units of 2**-20 of twice the coarser input scale
ADD_SHIFT = 20
RELU6 = Activation(0.0, 6.0)
#: range of the integer types that carry activations
INTEGER_RANGES = {"int8": (-128, 127), "uint8": (0, 255), "int16": (-32768, 32767)}


def round_half_away(value: float) -> int:
    """Round to the nearest integer, halves away from zero, as C's ``round`` (TfLiteRound)."""
    return math.floor(abs(value) + 0.5) * (1 if value >= 0 else -1)


def quantize_multiplier(real: float) -> tuple[int, int]:
    """Split `real` >= 0 into ``(multiplier, shift)`` with ``real ~ multiplier * 2**(shift - 31)``.

    The multiplier is 0 or in [2**30, 2**31). Source: TFLite's ``QuantizeMultiplier``.
    """
    if real == 0.0:
        return 0, 0
    mantissa, shift = math.frexp(real)
    multiplier = round_half_away(mantissa * 2.0**31)
    if multiplier == 2**31:
        multiplier //= 2
        shift += 1
    if shift < -31:
        return 0, 0
    if shift > 30:
        return 2**31 - 1, 30
    return multiplier, shift


def convolution_multipliers(x: Quantization, weights: Quantization, y: Quantization) -> list[tuple[int, int]]:
    """``(multiplier, shift)`` per output channel, or one for all: ``x.scale * weights.scale / y.scale``.

    Computed in double from the float32 scales, the product first, as TFLite does.
    """
    return [quantize_multiplier(x.scale * scale / y.scale) for scale in weights.scales]


def mean_multiplier(input_scale: float, scale: float, count: int) -> tuple[int, int]:
    """Multiplier and shift of a mean of `count` values: the scales' quotient by the count.

    The count divides the fixed-point multiplier of the scales, which is first shifted left as far as the count's own
    bits allow: the quotient is truncated, so that it is not the multiplier of the divided scales.
    """
    multiplier, shift = quantize_multiplier(input_scale / scale)
    bits = min(count.bit_length() - 1, 32, 31 + shift)
    return (multiplier << bits) // count, shift - bits


def activation_bounds(activation: Activation, y: Quantization, dtype: str) -> tuple[int, int]:
    """The clamp in quantized values, within the range of `dtype`.

    Source: TFLite's ``CalculateActivationRangeQuantized``, which divides in float32.
    """
    import numpy as np

    low, high = INTEGER_RANGES[dtype]

    def quantized(bound: float) -> int:
        return y.zero_point + round_half_away(float(np.float32(bound) / np.float32(y.scale)))

    if activation.low is not None:
        low = max(low, quantized(activation.low))
    if activation.high is not None:
        high = min(high, quantized(activation.high))
    return low, high
