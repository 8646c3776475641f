# SPDX-License-Identifier: Apache-2.0
"""Weighted sums of two int8 arrays, eight elements at a time.

Each is ((a * A >> 8) + (b * B >> 8) + addend) >> shift, saturated. One instruction adds a product of 32 by
16 bits without its last 16: with bytes in the upper halves of 16-bit lanes, two elements need not be taken apart.
Multipliers, addend and length are arguments: one function serves all additions of a model with the same shift.
"""

from __future__ import annotations

from dataclasses import dataclass

from tvm_stm32.kernels.microkernels.template import render


@dataclass(frozen=True, slots=True)
class WeightedSumOfArrays:
    """shift: from 1 to 31."""

    shift: int

    @property
    def name(self) -> str:
        """A C name that tells every parameter."""
        return f"weighted_sum_{self.shift}"

    def render(self) -> str:
        """The C text, in its Arm and its portable form."""
        return render("weighted_sum.c.j2", name=self.name, shift=self.shift)
