# SPDX-License-Identifier: Apache-2.0
# mypy: disable-error-code="valid-type,untyped-decorator,no-untyped-def"
"""A plain copy, which compilers turn into memcpy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tvm.script import tirx as T

from tvm_stm32.kernels.implementation import Implementation, Input, Output
from tvm_stm32.kernels.overlap import Overlap, element_by_element
from tvm_stm32.model.network import Network, Operator


@dataclass(frozen=True, slots=True)
class CopySpecification:
    """`elements` values of `dtype`."""

    elements: int
    dtype: str

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return "copy"

    def describe(self) -> str:
        """Size and type, for the comment above the C function."""
        return f"copy: {self.elements} values of {self.dtype}"


def build_copy(spec: CopySpecification) -> Any:
    """The TIR function of `spec`: (x, y)."""
    elements, dtype = spec.elements, spec.dtype

    @T.prim_func(s_tir=True)
    def copy(x: T.handle(dtype), y: T.handle(dtype)):
        X = T.decl_buffer((elements,), dtype, data=x)
        Y = T.decl_buffer((elements,), dtype, data=y)
        for i in T.serial(elements):
            Y[i] = X[i]

    return copy


def implement_copy(network: Network, operator: Operator) -> Implementation:
    """A reshape whose output cannot share the input's buffer."""
    x, y = network.input_tensors(operator)[0], network.output_tensors(operator)[0]
    spec = CopySpecification(x.elements, x.dtype)
    overlaps = (Overlap(written=1, read=0, distances=element_by_element(x.elements, 1, 1)),)
    return Implementation(spec, lambda: build_copy(spec), (Input(x.name), Output(y.name)), overlaps=overlaps)
