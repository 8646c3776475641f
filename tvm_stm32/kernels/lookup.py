# SPDX-License-Identifier: Apache-2.0
# mypy: disable-error-code="valid-type,untyped-decorator,no-untyped-def"
"""Functions of one 8-bit value by a table of all 256: exact, whatever the function is, and two loads a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from tvm.script import tirx as T

from tvm_stm32.kernels.implementation import Constant, Implementation, Input, Output
from tvm_stm32.kernels.overlap import Overlap, element_by_element
from tvm_stm32.model.network import Tensor

#: elements looked up in one turn of the loop
BLOCK = 4


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
        """Shape and types, for the comment above the C function."""
        return f"lookup: {self.elements} values, {self.x_dtype} to {self.y_dtype}, by a table of all 256"


def build_lookup(spec: LookupSpecification) -> Any:
    """The TIR function of `spec`: (x, table, y)."""
    elements, x_dtype, y_dtype = spec.elements, spec.x_dtype, spec.y_dtype
    lowest = int(np.iinfo(x_dtype).min)
    blocks, rest = divmod(elements, BLOCK)

    @T.prim_func(s_tir=True)
    def lookup(x: T.handle(x_dtype), table: T.handle(y_dtype), y: T.handle(y_dtype)):
        X = T.decl_buffer((elements,), x_dtype, data=x)
        V = T.decl_buffer((256,), y_dtype, data=table)
        Y = T.decl_buffer((elements,), y_dtype, data=y)
        for n in T.serial(blocks):
            for j in T.unroll(BLOCK):
                Y[n * BLOCK + j] = V[T.cast(X[n * BLOCK + j], "int32") - lowest]
        for j in T.unroll(rest):
            Y[blocks * BLOCK + j] = V[T.cast(X[blocks * BLOCK + j], "int32") - lowest]

    return lookup


def every_value(dtype: str) -> npt.NDArray[np.int64]:
    """All values of an 8-bit type, in the order of the tables."""
    limits = np.iinfo(dtype)
    return np.arange(limits.min, limits.max + 1)


def implement_table(x: Tensor, y: Tensor, results: npt.NDArray[Any]) -> Implementation:
    """The kernel that looks up each value of x in `results`, which follow the order of `every_value`."""
    spec = LookupSpecification(x.elements, x.dtype, y.dtype)
    table = Constant("table", results.astype(y.dtype), f"result of every {x.dtype} from {np.iinfo(x.dtype).min}")
    overlaps = (Overlap(written=2, read=0, distances=element_by_element(x.elements, 1, 1)),)
    return Implementation(spec, lambda: build_lookup(spec), (Input(x.name), table, Output(y.name)), overlaps=overlaps)
