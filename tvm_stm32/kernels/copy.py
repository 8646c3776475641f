# SPDX-License-Identifier: Apache-2.0
# mypy: disable-error-code="valid-type,untyped-decorator,no-untyped-def"
"""A plain copy, by words where the core can read words at any address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
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


def copy(to: Any, value: Any, count: int, dtype: str) -> Any:
    """TIR: `count` neighbouring values from `value` on go to `to` and after; `to` may overlap them from below."""
    return T.call_extern("void", "tvm_ai_copy", T.address_of(to), T.address_of(value), count * np.dtype(dtype).itemsize)


def build_copy(spec: CopySpecification) -> Any:
    """The TIR function of `spec`: (x, y)."""
    elements, dtype = spec.elements, spec.dtype

    @T.prim_func(s_tir=True)
    def reshape(x: T.handle(dtype), y: T.handle(dtype)):
        X = T.decl_buffer((elements,), dtype, data=x)
        Y = T.decl_buffer((elements,), dtype, data=y)
        T.evaluate(copy(Y[0], X[0], elements, dtype))

    return reshape


def implement_copy(network: Network, operator: Operator) -> Implementation:
    """A reshape whose output cannot share the input's buffer."""
    x, y = network.input_tensors(operator)[0], network.output_tensors(operator)[0]
    spec = CopySpecification(x.elements, x.dtype)
    overlaps = (Overlap(written=1, read=0, distances=element_by_element(x.elements, 1, 1)),)
    return Implementation(spec, lambda: build_copy(spec), (Input(x.name), Output(y.name)), overlaps=overlaps)
