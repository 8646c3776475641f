# SPDX-License-Identifier: Apache-2.0
"""Clamps and conversions between quantizations: as TFLite's reference kernels where they round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from tvm.script import tirx as T

from tvm_stm32.kernels.fixed_point import FixedPoint
from tvm_stm32.kernels.implementation import Implementation
from tvm_stm32.kernels.lookup import every_value, implement_table
from tvm_stm32.kernels.pointwise import implement_pointwise
from tvm_stm32.kernels.requantization import FloatBounds, clamp_float, clamp_int, float_bounds
from tvm_stm32.model.network import Activation, Arithmetic, Clamp, Network, Operator, Quantization, Tensor
from tvm_stm32.quantize.tflite import INTEGER_RANGES, activation_bounds

RELU6 = Activation(0.0, 6.0)


@dataclass(frozen=True, slots=True)
class OffsetInteger:
    """An integer plus a constant, within bounds: a clamp, or a change of the zero point alone."""

    x_dtype: str
    y_dtype: str
    offset: int
    bounds: tuple[int, int]
    family: str

    def describe(self) -> str:
        """The constants."""
        offset = f" {self.offset:+d}" if self.offset else ""
        return f"{self.x_dtype} to {self.y_dtype}: x{offset}, clamped to {list(self.bounds)}"

    def apply(self, value: Any) -> Any:
        """TIR: the output for an input value."""
        moved = T.cast(value, "int32") + self.offset
        low, high = (limit + self.offset for limit in INTEGER_RANGES[self.x_dtype])
        inside = self.bounds[0] <= low and high <= self.bounds[1]
        return T.cast(moved, self.y_dtype) if inside else clamp_int(moved, self.bounds, self.y_dtype)


@dataclass(frozen=True, slots=True)
class ClampFloat:
    """A float within bounds."""

    bounds: FloatBounds
    family: str = "clamp"
    x_dtype: str = "float32"
    y_dtype: str = "float32"

    def describe(self) -> str:
        """The bounds."""
        return f"float32, clamped to {list(self.bounds)}"

    def apply(self, value: Any) -> Any:
        """TIR: the output for an input value."""
        return clamp_float(value, self.bounds)


@dataclass(frozen=True, slots=True)
class QuantizeFloat:
    """``round(x / scale) + zero_point``, halves away from zero. Source: TFLite's ``AffineQuantize``."""

    y_dtype: str
    scale: float
    zero_point: int
    family: str = "quantize"
    x_dtype: str = "float32"

    def describe(self) -> str:
        """The quantization."""
        quantization = f"scale {np.float32(self.scale)!s}, zero point {self.zero_point}"
        return f"float32 to {self.y_dtype}, {quantization}, halves away from zero"

    def apply(self, value: Any) -> Any:
        """TIR: the output for an input value."""
        low, high = INTEGER_RANGES[self.y_dtype]
        steps = value / T.float32(self.scale)
        bounds = (low - self.zero_point, high - self.zero_point)
        return T.cast(T.call_extern("int32", "tvm_ai_round_away", steps, *bounds) + self.zero_point, self.y_dtype)


@dataclass(frozen=True, slots=True)
class DequantizeInteger:
    """``scale * (x - zero_point)``, one rounding: the same in double, as TFLite multiplies, for 8 bits."""

    x_dtype: str
    scale: float
    zero_point: int
    family: str = "dequantize"
    y_dtype: str = "float32"

    def describe(self) -> str:
        """The quantization."""
        return f"{self.x_dtype} to float32, scale {np.float32(self.scale)!s}, zero point {self.zero_point}"

    def apply(self, value: Any) -> Any:
        """TIR: the output for an input value."""
        return T.cast(T.cast(value, "int32") - self.zero_point, "float32") * T.float32(self.scale)


def implement_clamp(network: Network, operator: Operator) -> Implementation:
    """A clamp of int8 as TFLM's activations, or of float32.

    RELU requantizes to the output's scale, by a factor divided in float32; RELU6 clamps on the input's scale and takes
    the values as they are, whatever the output's. (TFLM: ``ReluQuantized``, ``Relu6Quantized``.)
    """
    attributes = operator.attributes
    assert isinstance(attributes, Clamp)
    x, y = _tensors(network, operator)
    activation = attributes.activation
    if operator.arithmetic is Arithmetic.FLOAT:
        return implement_pointwise(x, y, ClampFloat(float_bounds(activation)))
    source, target = _quantization(x), _quantization(y)
    if activation == RELU6:
        target = source
    factor = FixedPoint.of(float(np.float32(source.scale) / np.float32(target.scale)))
    return _scaled("clamp", x, y, factor, source, target, activation_bounds(activation, target, y.dtype))


def implement_quantize(network: Network, operator: Operator) -> Implementation:
    """A quantization of float32, or a requantization of 8 bits. Source of the latter: TFLite's ``Requantize``."""
    x, y = _tensors(network, operator)
    target = _quantization(y)
    if x.dtype == "float32":
        return implement_pointwise(x, y, QuantizeFloat(y.dtype, target.scale, target.zero_point))
    source = _quantization(x)
    factor = FixedPoint.of(source.scale / target.scale)
    return _scaled("requantize", x, y, factor, source, target, INTEGER_RANGES[y.dtype])


def implement_dequantize(network: Network, operator: Operator) -> Implementation:
    """A dequantization of 8 bits."""
    x, y = _tensors(network, operator)
    source = _quantization(x)
    return implement_pointwise(x, y, DequantizeInteger(x.dtype, source.scale, source.zero_point))


def _scaled(
    family: str,
    x: Tensor,
    y: Tensor,
    factor: FixedPoint,
    source: Quantization,
    target: Quantization,
    bounds: tuple[int, int],
) -> Implementation:
    """Centred values by `factor`: an offset where that is 1, else a table."""
    if factor.power_of_two == 0:
        offset = target.zero_point - source.zero_point
        return implement_pointwise(x, y, OffsetInteger(x.dtype, y.dtype, offset, bounds, family))
    scaled = factor.of_values(every_value(x.dtype) - source.zero_point)
    return implement_table(x, y, np.clip(scaled + target.zero_point, *bounds))


def _tensors(network: Network, operator: Operator) -> tuple[Tensor, Tensor]:
    return network.input_tensors(operator)[0], network.output_tensors(operator)[0]


def _quantization(tensor: Tensor) -> Quantization:
    assert tensor.quantization is not None
    return tensor.quantization
