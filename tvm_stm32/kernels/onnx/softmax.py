# SPDX-License-Identifier: Apache-2.0
# mypy: disable-error-code="valid-type,untyped-decorator,no-untyped-def"
"""Softmax of int8 over the last axis: exponentials from a table by the distance to the row's maximum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from tvm.script import tirx as T

from tvm_stm32.kernels.implementation import Constant, Implementation, Input, Output
from tvm_stm32.kernels.onnx.quantizer import Quantizer, quantization_of
from tvm_stm32.kernels.overlap import Overlap, element_by_element
from tvm_stm32.kernels.requantization import largest
from tvm_stm32.model.network import Network, Operator, Softmax


@dataclass(frozen=True, slots=True)
class SoftmaxSpecification:
    """`rows` rows of `depth` values."""

    rows: int
    depth: int
    quantizer: Quantizer

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return "softmax"

    def describe(self) -> str:
        """For the comment above the C function."""
        return f"softmax: {self.rows} rows of {self.depth}, int8, computed in float32\n{self.quantizer.describe()}"


def build_softmax(spec: SoftmaxSpecification) -> Any:
    """The TIR function of `spec`: (x, exponentials, y)."""
    rows, depth, quantizer = spec.rows, spec.depth, spec.quantizer

    @T.prim_func(s_tir=True)
    def softmax(x: T.handle("int8"), exponentials: T.handle("float32"), y: T.handle("int8")):
        X = T.decl_buffer((rows, depth), "int8", data=x)
        E = T.decl_buffer((256,), "float32", data=exponentials)
        Y = T.decl_buffer((rows, depth), "int8", data=y)
        maximum = T.alloc_buffer((1,), "int32")
        total = T.alloc_buffer((1,), "float32")
        for r in T.serial(rows):
            maximum[0] = T.int32(-128)
            for i in T.serial(depth):
                maximum[0] = largest(maximum[0], T.cast(X[r, i], "int32"), "int32")
            total[0] = T.float32(0)
            for i in T.serial(depth):
                total[0] = total[0] + E[maximum[0] - T.cast(X[r, i], "int32")]
            total[0] = T.float32(1) / total[0]
            for i in T.serial(depth):
                Y[r, i] = quantizer.apply(E[maximum[0] - T.cast(X[r, i], "int32")] * total[0])

    return softmax


def implement_softmax(network: Network, operator: Operator) -> Implementation:
    """A softmax over the last axis. Source: onnxruntime's ``MlasComputeSoftmax``, which multiplies by 1 / sum."""
    attributes = operator.attributes
    assert isinstance(attributes, Softmax)
    x, y = network.input_tensors(operator)[0], network.output_tensors(operator)[0]
    depth = x.shape[-1]
    spec = SoftmaxSpecification(x.elements // depth, depth, Quantizer.of(y))
    distances = np.arange(256) * quantization_of(x).scale * attributes.beta
    table = Constant("exponentials", np.exp(-distances).astype(np.float32), "exp(-scale * distance), 0 to 255")
    overlaps = (Overlap(written=2, read=0, distances=element_by_element(x.elements, 1, 1)),)
    return Implementation(spec, lambda: build_softmax(spec), (Input(x.name), table, Output(y.name)), overlaps=overlaps)
