# SPDX-License-Identifier: Apache-2.0
# mypy: disable-error-code="valid-type,untyped-decorator,no-untyped-def"
"""One flat loop that computes each output from the input at the same place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from tvm.script import tirx as T

from tvm_stm32.kernels.implementation import Implementation, Input, Output
from tvm_stm32.kernels.overlap import Overlap, element_by_element
from tvm_stm32.model.network import Tensor

#: elements computed in one turn of the loop
BLOCK = 4


class PointwiseRule(Protocol):
    """What is computed. Equal rules compute the same."""

    @property
    def family(self) -> str:
        """Such as "clamp"."""

    @property
    def x_dtype(self) -> str:
        """Type of the input."""

    @property
    def y_dtype(self) -> str:
        """Type of the output."""

    def describe(self) -> str:
        """The arithmetic, for the comment above the C function."""

    def apply(self, value: Any) -> Any:
        """TIR: the output for an input value."""

    def __hash__(self) -> int: ...


@dataclass(frozen=True, slots=True)
class PointwiseSpecification:
    """`elements` times `rule`."""

    elements: int
    rule: PointwiseRule

    @property
    def family(self) -> str:
        """The kernel family's name."""
        return self.rule.family

    def describe(self) -> str:
        """Size and arithmetic, for the comment above the C function."""
        return f"{self.family}: {self.elements} values\n{self.rule.describe()}"


def build_pointwise(spec: PointwiseSpecification) -> Any:
    """The TIR function of `spec`: (x, y)."""
    elements, rule = spec.elements, spec.rule
    x_dtype, y_dtype = rule.x_dtype, rule.y_dtype
    blocks, rest = divmod(elements, BLOCK)

    @T.prim_func(s_tir=True)
    def pointwise(x: T.handle(x_dtype), y: T.handle(y_dtype)):
        X = T.decl_buffer((elements,), x_dtype, data=x)
        Y = T.decl_buffer((elements,), y_dtype, data=y)
        for n in T.serial(blocks):
            for j in T.unroll(BLOCK):
                Y[n * BLOCK + j] = rule.apply(X[n * BLOCK + j])
        for j in T.unroll(rest):
            Y[blocks * BLOCK + j] = rule.apply(X[blocks * BLOCK + j])

    return pointwise


def implement_pointwise(x: Tensor, y: Tensor, rule: PointwiseRule) -> Implementation:
    """The kernel that computes `rule` for every element."""
    spec = PointwiseSpecification(x.elements, rule)
    sizes = np.dtype(rule.x_dtype).itemsize, np.dtype(rule.y_dtype).itemsize
    overlaps = (Overlap(written=1, read=0, distances=element_by_element(x.elements, *sizes)),)
    return Implementation(spec, lambda: build_pointwise(spec), (Input(x.name), Output(y.name)), overlaps=overlaps)
