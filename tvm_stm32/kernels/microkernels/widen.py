# SPDX-License-Identifier: Apache-2.0
"""Widens int8 to int16, for the microkernels that read 16-bit lanes."""

from __future__ import annotations

from dataclasses import dataclass

from tvm_stm32.kernels.microkernels.template import render


@dataclass(frozen=True, slots=True)
class Widen:
    """crossed: the number of values is a multiple of four, and each four come in the order 0, 2, 1, 3."""

    crossed: bool

    @property
    def name(self) -> str:
        """A C name that tells every parameter."""
        return "widen_crossed" if self.crossed else "widen"

    def render(self) -> str:
        """The C text, in its Arm and its portable form."""
        return render("widen.c.j2", name=self.name, crossed=self.crossed)


@dataclass(frozen=True, slots=True)
class WidenPairs:
    """Widens pixels in pairs, for the flat microkernel. fours: their channels are a multiple of four."""

    fours: bool

    @property
    def name(self) -> str:
        """A C name that tells every parameter."""
        return "widen_pairs" if self.fours else "widen_pairs_any"

    def render(self) -> str:
        """The C text, in its Arm and its portable form."""
        return render("widen_pairs.c.j2", name=self.name, fours=self.fours)
