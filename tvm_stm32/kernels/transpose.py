# SPDX-License-Identifier: Apache-2.0
# mypy: disable-error-code="valid-type,untyped-decorator,no-untyped-def"
"""Transposition of any rank and type: written in order, read with strides, axes that stay together merged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tvm.script import tirx as T

from tvm_stm32.kernels.implementation import Implementation, Input, Output
from tvm_stm32.kernels.loop_nest import LoopNest, contiguous, offset
from tvm_stm32.model.network import Network, Operator, Transpose


@dataclass(frozen=True, slots=True)
class TransposeSpecification:
    """`loops` steps through x and y."""

    loops: LoopNest
    dtype: str

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return "transpose"

    def describe(self) -> str:
        """Loops and type, for the comment above the C function."""
        return f"transpose: {self.loops.describe()} values of {self.dtype}, x in steps of {list(self.loops.strides[0])}"


def build_transpose(spec: TransposeSpecification) -> Any:
    """The TIR function of `spec`: (x, y)."""
    loops, dtype = spec.loops, spec.dtype
    step_x, step_y = loops.strides

    @T.prim_func(s_tir=True)
    def transpose(x: T.handle(dtype), y: T.handle(dtype)):
        X = T.decl_buffer((loops.elements,), dtype, data=x)
        Y = T.decl_buffer((loops.elements,), dtype, data=y)
        for i in T.grid(*loops.extents):
            Y[offset(i, step_y)] = X[offset(i, step_x)]

    return transpose


def implement_transpose(network: Network, operator: Operator) -> Implementation:
    """A transposition."""
    attributes = operator.attributes
    assert isinstance(attributes, Transpose)
    x, y = network.input_tensors(operator)[0], network.output_tensors(operator)[0]
    strides = contiguous(x.shape)
    loops = LoopNest.of(y.shape, [strides[axis] for axis in attributes.permutation], contiguous(y.shape))
    spec = TransposeSpecification(loops, x.dtype)
    return Implementation(spec, lambda: build_transpose(spec), (Input(x.name), Output(y.name)))
