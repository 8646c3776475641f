# SPDX-License-Identifier: Apache-2.0
"""Spreads four neighbouring channels of rows of pixels into four int16 planes: two pixels, eight values, at a time.

All sizes are arguments, so one function serves every layer of a model.
"""

from __future__ import annotations

from dataclasses import dataclass

from tvm_stm32.kernels.microkernels.template import render


@dataclass(frozen=True, slots=True)
class Split:
    """The microkernel; it has no parameters of its own."""

    name: str = "split_channels"

    def render(self) -> str:
        """The C text, in its Arm and its portable form."""
        return render("split.c.j2", name=self.name)
