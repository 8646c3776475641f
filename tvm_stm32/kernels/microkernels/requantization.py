# SPDX-License-Identifier: Apache-2.0
"""How the microkernels of convolutions and fully connected layers turn accumulators into outputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

#: log2 of the factor by which accumulators of two channels in a lane are larger than the sum of products
LANE_BITS = 8


@dataclass(frozen=True, slots=True)
class Requantization:
    """Parameters of the end of a block.

    shift: common to all channels, 0 if each has its own; signed: negative accumulators have an addend of their own;
    lanes: the weights of two channels share a 16-bit lane; bits: log2 of the factor by which accumulators are larger
    than the sum of products; clamp: least and greatest output where saturation to int8 does not do.
    """

    shift: int
    signed: bool
    lanes: bool = True
    bits: int = LANE_BITS
    clamp: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """Part of a C name that tells every parameter."""
        form = ("n" if self.signed else "p") + str(self.shift) if self.shift else "g"
        form += "" if self.lanes else f"w{self.bits}"
        return form + (f"c{self.clamp[0] + 128}_{self.clamp[1] + 128}" if self.clamp else "")

    @property
    def words(self) -> int:
        """Words of constants of a channel."""
        return 2 + self.signed + (self.shift == 0)

    def describe(self) -> str:
        """What was proven, for the comment above a C function."""
        addends = "two addends by sign" if self.signed else "one addend"
        shift = f"one shift of {self.shift} for all" if self.shift else "a shift"
        proof = f"requantized by multiply-high, {addends} and {shift}: proven equal to the model's rounding"
        if self.clamp:
            proof += f"; clamped to {self.clamp[0]}..{self.clamp[1]}"
        return proof + ("" if self.lanes else "; sums too large for two channels in one lane")

    def parameters(self, masked: bool = False) -> dict[str, Any]:
        """For templates. masked: a register holds the mask of the upper bytes of lanes."""
        return {
            "shift": self.shift,
            "signed": self.signed,
            "lanes": self.lanes,
            "bits": self.bits,
            "clamp": self.clamp,
            "words": self.words,
            "masked": masked and self.lanes,
        }
