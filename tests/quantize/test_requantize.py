# SPDX-License-Identifier: Apache-2.0
"""The rule of onnxruntime in integers: each fixed-point form against rational arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tvm_stm32.model.network import Activation, Arithmetic, FullyConnected, Network, Operator, Quantization, Tensor
from tvm_stm32.quantize.accumulator import AccumulatorRule
from tvm_stm32.quantize.requantize import onnx_accumulator_rule, onnx_activation_bounds, quantize_value


def scaled(rule: AccumulatorRule, accumulator: int, channel: int = 0) -> int:
    """What the C function of that name computes."""
    multiplier, shift = rule.multipliers[channel], rule.shifts[channel]
    product = accumulator * multiplier
    if rule.helper == "tvm_ai_scale_nearest":
        return (product + (1 << (shift - 1))) >> shift
    packed = shift & 0xFFFFFFFF
    shift = packed & 63
    total = product + ((packed >> 6) << (shift - 26))
    if rule.helper == "tvm_ai_scale_offset":
        return total >> shift
    assert rule.helper == "tvm_ai_scale_even"
    tolerance = 1 << (shift - 21)
    result = (total + tolerance) >> shift
    return result - (result & 1) if (total + tolerance) & ((1 << shift) - 1) < 2 * tolerance else result


def layer(
    scales: tuple[float, float, float],
    weights: np.ndarray,
    bias: Tensor | None = None,
    zero_points: tuple[int, int] = (0, 0),
) -> tuple[Network, Operator]:
    """A fully connected layer; `scales` of input, weights and output."""
    x_scale, w_scale, y_scale = (float(np.float32(scale)) for scale in scales)
    tensors = [
        Tensor("x", (1, weights.shape[1]), "int8", Quantization((x_scale,), (zero_points[0],))),
        Tensor("w", weights.shape, "int8", Quantization((w_scale,), (0,)), weights),
        Tensor("y", (1, len(weights)), "int8", Quantization((y_scale,), (zero_points[1],))),
        *([] if bias is None else [bias]),
    ]
    inputs = ["x", "w", *([] if bias is None else [bias.name])]
    operator = Operator("layer", "Gemm", FullyConnected(), inputs, ["y"], Arithmetic.ONNX)
    return Network({tensor.name: tensor for tensor in tensors}, [operator], ["x"], ["y"]), operator


def rounded(real: Fraction, zero_point: int) -> int:
    """Halves to even, which is what Python's round does, and saturated."""
    return min(max(round(real) + zero_point, -128), 127)


def mismatches(
    scales: tuple[float, float, float], zero_points: tuple[int, int], real_bias: float | None = None
) -> tuple[AccumulatorRule, int]:
    """The rule of one output, and for how many of its accumulators it is not the exact one."""
    weights = np.array([[100, -50, 27]], np.int8)
    exact = [Fraction(float(np.float32(scale))) for scale in scales]
    unit = exact[0] * exact[1]
    bias, start, offset = None, 0, Fraction(0)
    if real_bias is not None:
        start = round(Fraction(real_bias) / unit) or 1
        own = float(Fraction(real_bias) / start)
        bias = Tensor("b", (1,), "int32", Quantization((own,), (0,), 0), np.array([start], np.int32))
        offset = start * (Fraction(own) / unit - 1)
    network, operator = layer(scales, weights, bias, zero_points)
    rule = onnx_accumulator_rule(network, operator, weights, np.array([start]))
    reach = 177 * 255
    wrong = 0
    for accumulator in range(start - reach, start + reach, 17):
        expected = rounded((accumulator + offset) * unit / exact[2], zero_points[1])
        found = min(max(scaled(rule, accumulator) + zero_points[1], rule.low), rule.high)
        wrong += found != expected
    return rule, wrong


@pytest.mark.parametrize(
    ("scales", "bias", "helper"),
    [
        ((0.0123, 0.0345, 0.123), None, "tvm_ai_scale_nearest"),
        ((0.0123, 0.0345, 0.123), 1.2345, "tvm_ai_scale_offset"),
        ((2**-7, 2**-7, 2**-5), None, "tvm_ai_scale_even"),
        ((3 * 2**-7, 2**-7, 5 * 2**-6), None, "tvm_ai_scale_even"),
        ((2**-7, 2**-7, 2**-5), 1.25 * 2**-14, "tvm_ai_scale_nearest"),
        ((2**-7, 2**-7, 3 * 2**-14), 4.5 * 2**-14, "tvm_ai_scale_even"),
    ],
)
def test_every_form_is_exact(scales: tuple[float, float, float], bias: float | None, helper: str) -> None:
    rule, wrong = mismatches(scales, (3, -5), bias)
    assert rule.helper == helper
    assert wrong == 0


@settings(max_examples=60)
@given(
    # the output's scale is seldom below that of the products
    st.tuples(st.floats(1e-3, 0.3), st.floats(1e-3, 0.3), st.floats(0.1, 0.5)),
    st.tuples(st.integers(-128, 127), st.integers(-128, 127)),
    st.none() | st.floats(-3, 3).filter(lambda bias: abs(bias) > 1e-3),
)
def test_generated_scales_are_exact(
    scales: tuple[float, float, float], zero_points: tuple[int, int], bias: float | None
) -> None:
    _, wrong = mismatches(scales, zero_points, bias)
    assert wrong == 0


@pytest.mark.parametrize(
    ("real", "value"),
    [(0.25, 0), (0.75, 2), (1.25, 2), (-0.25, 0), (1e9, 127), (-1e9, -128), (np.inf, 127), (-np.inf, -128)],
)
def test_quantize_value_rounds_halves_to_even_and_saturates(real: float, value: int) -> None:
    assert quantize_value(real, Quantization((0.5,), (0,))) == value


def test_activation_bounds_are_quantized_values() -> None:
    assert onnx_activation_bounds(Activation(0.0, 6.0), Quantization((0.1,), (-100,))) == (-100, -40)
    assert onnx_activation_bounds(Activation(None, None), Quantization((0.1,), (7,))) == (-128, 127)


def test_per_channel_scales_have_a_multiplier_each() -> None:
    weights = np.ones((2, 3), np.int8)
    network, operator = layer((0.1, 0.1, 0.1), weights)
    network.tensors["w"].quantization = Quantization((0.011, 0.0000023), (0, 0), 0)
    rule = onnx_accumulator_rule(network, operator, weights, np.zeros(2))
    assert len(rule.multipliers) == len(rule.shifts) == 2
    assert rule.shifts[1] > rule.shifts[0]
