# SPDX-License-Identifier: Apache-2.0
"""Calls the rows microkernels on the rows of a ring buffer of the input, or on rows of the input itself."""

from __future__ import annotations

from dataclasses import dataclass

from tvm_stm32.kernels.microkernels.float_rows import FloatRows
from tvm_stm32.kernels.microkernels.rows import Rows
from tvm_stm32.kernels.microkernels.template import render


@dataclass(frozen=True, slots=True)
class RingBuffer:
    """`span` input rows of `width` values; a pixel reads some of them, `dilation` apart.

    From each it reads `taps` runs of values that are `spacing` values apart.
    """

    span: int
    width: int
    dilation: int
    taps: int
    spacing: int

    @property
    def place(self) -> str:
        """Part of a C name that tells all of this."""
        return f"{self.span}x{self.width}_{self.dilation}" + (f"_{self.taps}x{self.spacing}" if self.taps > 1 else "")

    def call(self, name: str, rows: int, microkernel: str, shape: tuple[int, ...], types: tuple[str, str, str]) -> str:
        """The C text of a function that calls a microkernel with all `rows` of a pixel.

        `types` are those of the ring, of the stream and of the output; `shape` is what a microkernel that knows none is
        told, without the number of pixels.
        """
        geometry = {"span": self.span, "width": self.width, "dilation": self.dilation, "spacing": self.spacing}
        heights = {"rows": rows // self.taps, "taps": self.taps}
        return render("ring.c.j2", name=name, microkernel=microkernel, shape=shape, types=types, **geometry, **heights)


@dataclass(frozen=True, slots=True)
class Ring(RingBuffer):
    """Of int16."""

    rows: Rows

    @property
    def name(self) -> str:
        """A C name that tells every parameter."""
        return f"ring_{self.place}_{self.rows.name}"

    def render(self) -> str:
        """The C text."""
        return self.call(self.name, self.rows.rows, self.rows.name, (), ("int16_t", "int32_t", "int8_t"))


@dataclass(frozen=True, slots=True)
class FloatRing(RingBuffer):
    """Of float. shape: as `FloatRows` reads it, but for the pixels; the last two as unsigned numbers."""

    rows: FloatRows
    shape: tuple[int, ...]

    @property
    def name(self) -> str:
        """A C name that tells every parameter."""
        return f"ring_{self.place}_{self.rows.name}" + "".join(f"_{value:x}" for value in self.shape)

    def render(self) -> str:
        """The C text."""
        return self.call(self.name, self.shape[0], self.rows.name, self.shape, ("float", "float", "float"))
