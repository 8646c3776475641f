# SPDX-License-Identifier: Apache-2.0
"""Sums of products of bytes, of one or two pixels by four output channels, for every core.

There is a form for Thumb-2, whose inner loop is loads and MLA, one for the few registers and instructions of Armv6-M,
and portable C. The compilers' own loops take up to twice the instructions: eight sums, two inputs, a weight and three
pointers fill the register file.
"""

from __future__ import annotations

from dataclasses import dataclass

from tvm_stm32.kernels.microkernels.template import render

#: output channels computed together
BLOCK = 4


@dataclass(frozen=True, slots=True)
class SinglePixel:
    """``void products_1x4(x, weights, count, sums)``: ``sums[j] += x[i] * weights[4 * i + j]`` for i < count."""

    @property
    def name(self) -> str:
        """Its C name."""
        return "products_1x4"

    def render(self) -> str:
        """The C text, in all forms."""
        return render("products_1x4.c.j2")


@dataclass(frozen=True, slots=True)
class PixelPair:
    """``void products_2x4(x, distance, weights, count, sums)``: the same for x and, in sums[4] to sums[7],
    ``x + distance``. It calls `SinglePixel`.
    """

    @property
    def name(self) -> str:
        """Its C name."""
        return "products_2x4"

    def render(self) -> str:
        """The C text, in all forms."""
        return render("products_2x4.c.j2")
