# SPDX-License-Identifier: Apache-2.0
"""Calls the rows microkernel on the rows of a ring buffer of widened input."""

from __future__ import annotations

from dataclasses import dataclass

from tvm_stm32.kernels.microkernels.rows import Rows
from tvm_stm32.kernels.microkernels.template import render


@dataclass(frozen=True, slots=True)
class Ring:
    """`span` input rows of `width` int16 values; a pixel reads some of them, `dilation` apart.

    From each it reads `taps` runs of values that are `spacing` values apart.
    """

    rows: Rows
    span: int
    width: int
    dilation: int
    taps: int
    spacing: int

    @property
    def name(self) -> str:
        """A C name that tells every parameter."""
        taps = f"_{self.taps}x{self.spacing}" if self.taps > 1 else ""
        return f"ring_{self.span}x{self.width}_{self.dilation}{taps}_{self.rows.name}"

    def render(self) -> str:
        """The C text."""
        return render(
            "ring.c.j2",
            name=self.name,
            rows=self.rows.rows // self.taps,
            span=self.span,
            width=self.width,
            dilation=self.dilation,
            taps=self.taps,
            spacing=self.spacing,
            microkernel=self.rows.name,
        )
