# SPDX-License-Identifier: Apache-2.0
"""Calls the rows microkernel on the rows of a ring buffer of widened input."""

from __future__ import annotations

from dataclasses import dataclass

from tvm_stm32.kernels.microkernels.rows import Rows
from tvm_stm32.kernels.microkernels.template import render


@dataclass(frozen=True, slots=True)
class Ring:
    """`span` input rows of `width` int16 values; a pixel reads rows.rows of them, `dilation` apart."""

    rows: Rows
    span: int
    width: int
    dilation: int

    @property
    def name(self) -> str:
        """A C name that tells every parameter."""
        return f"ring_{self.span}x{self.width}_{self.dilation}_{self.rows.name}"

    def render(self) -> str:
        """The C text."""
        return render(
            "ring.c.j2",
            name=self.name,
            rows=self.rows.rows,
            span=self.span,
            width=self.width,
            dilation=self.dilation,
            microkernel=self.rows.name,
        )
