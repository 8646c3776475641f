# SPDX-License-Identifier: Apache-2.0
# mypy: disable-error-code="valid-type,untyped-decorator,no-untyped-def"
"""Unary functions of 8-bit values by a table of 256: exact, whatever is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from tvm.script import tirx as T

from tvm_stm32.kernels.implementation import Constant, Implementation, Input, Output
from tvm_stm32.kernels.onnx.quantizer import quantization_of
from tvm_stm32.model.network import Clamp, Network, Operator
from tvm_stm32.quantize.reals import Reals, table_of


@dataclass(frozen=True, slots=True)
class LookupSpecification:
    """`elements` values of `x_dtype` to values of `y_dtype`."""

    elements: int
    x_dtype: str
    y_dtype: str

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return "lookup"

    def describe(self) -> str:
        """For the comment above the C function."""
        return f"lookup: {self.elements} values, {self.x_dtype} to {self.y_dtype}, by a table of all 256"


def build_lookup(spec: LookupSpecification) -> Any:
    """The TIR function of `spec`: (x, table, y)."""
    elements, x_dtype, y_dtype = spec.elements, spec.x_dtype, spec.y_dtype
    first = 128 if x_dtype == "int8" else 0

    @T.prim_func(s_tir=True)
    def lookup(x: T.handle(x_dtype), table: T.handle(y_dtype), y: T.handle(y_dtype)):
        X = T.decl_buffer((elements,), x_dtype, data=x)
        V = T.decl_buffer((256,), y_dtype, data=table)
        Y = T.decl_buffer((elements,), y_dtype, data=y)
        for i in T.serial(elements):
            Y[i] = V[T.cast(X[i], "int32") + first]

    return lookup


def implement_lookup(network: Network, operator: Operator) -> Implementation:
    """A requantization, or a clamp whose input and output quantizations may differ."""
    x, y = network.input_tensors(operator)[0], network.output_tensors(operator)[0]
    attributes = operator.attributes

    def function(reals: Reals) -> Reals:
        if isinstance(attributes, Clamp):
            low, high = attributes.activation.low, attributes.activation.high
            reals = reals if low is None else np.maximum(reals, np.float32(low))
            reals = reals if high is None else np.minimum(reals, np.float32(high))
        return reals

    table = table_of(function, quantization_of(x), x.dtype, quantization_of(y), y.dtype)
    spec = LookupSpecification(x.elements, x.dtype, y.dtype)
    arguments = (Input(x.name), Constant("table", table, "result for every value"), Output(y.name))
    return Implementation(specification=spec, build=lambda: build_lookup(spec), arguments=arguments)
