# SPDX-License-Identifier: Apache-2.0
# mypy: disable-error-code="valid-type,untyped-decorator,no-untyped-def"
"""QuantizeLinear and DequantizeLinear: float32 to int8 and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from tvm.script import tirx as T

from tvm_stm32.kernels.implementation import Implementation, Input, Output
from tvm_stm32.kernels.onnx.lookup import implement_lookup
from tvm_stm32.kernels.onnx.quantizer import Quantizer, quantization_of
from tvm_stm32.model.network import Network, Operator


@dataclass(frozen=True, slots=True)
class QuantizeSpecification:
    """`elements` float32 to int8."""

    elements: int
    quantizer: Quantizer

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return "quantize"

    def describe(self) -> str:
        """For the comment above the C function."""
        return f"quantize: {self.elements} values, float32 to int8\n{self.quantizer.describe()}"


@dataclass(frozen=True, slots=True)
class DequantizeSpecification:
    """`elements` 8-bit values of `dtype` to float32."""

    elements: int
    dtype: str
    scale: float
    zero_point: int

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return "dequantize"

    def describe(self) -> str:
        """For the comment above the C function."""
        shape = f"dequantize: {self.elements} values, {self.dtype} to float32"
        return f"{shape}\nscale {np.float32(self.scale)}, zero point {self.zero_point}"


def build_quantize(spec: QuantizeSpecification) -> Any:
    """The TIR function of `spec`: (x, y)."""
    elements, quantizer = spec.elements, spec.quantizer

    @T.prim_func(s_tir=True)
    def quantize(x: T.handle("float32"), y: T.handle("int8")):
        X = T.decl_buffer((elements,), "float32", data=x)
        Y = T.decl_buffer((elements,), "int8", data=y)
        for i in T.serial(elements):
            Y[i] = quantizer.apply(X[i])

    return quantize


def build_dequantize(spec: DequantizeSpecification) -> Any:
    """The TIR function of `spec`: (x, y)."""
    elements, dtype, scale, zero_point = spec.elements, spec.dtype, spec.scale, spec.zero_point

    @T.prim_func(s_tir=True)
    def dequantize(x: T.handle(dtype), y: T.handle("float32")):
        X = T.decl_buffer((elements,), dtype, data=x)
        Y = T.decl_buffer((elements,), "float32", data=y)
        for i in T.serial(elements):
            Y[i] = T.cast(T.cast(X[i], "int32") - zero_point, "float32") * T.float32(scale)

    return dequantize


def implement_quantize(network: Network, operator: Operator) -> Implementation:
    """A quantization of float32, or of values that are quantized otherwise."""
    x, y = network.input_tensors(operator)[0], network.output_tensors(operator)[0]
    if x.dtype != "float32":
        return implement_lookup(network, operator)
    spec = QuantizeSpecification(x.elements, Quantizer.of(y))
    return Implementation(spec, lambda: build_quantize(spec), (Input(x.name), Output(y.name)))


def implement_dequantize(network: Network, operator: Operator) -> Implementation:
    """A dequantization."""
    x, y = network.input_tensors(operator)[0], network.output_tensors(operator)[0]
    quantization = quantization_of(x)
    spec = DequantizeSpecification(x.elements, x.dtype, quantization.scale, quantization.zero_point)
    return Implementation(spec, lambda: build_dequantize(spec), (Input(x.name), Output(y.name)))
