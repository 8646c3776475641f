# SPDX-License-Identifier: Apache-2.0
"""Gathers four neighbouring channels of pixels in 64 bits: their sums or their maxima.

Sums are 16-bit lanes, which hold 255 values: those of channels 0 and 2 in the low word, of 1 and 3 in the high one. A
maximum is the four bytes of the low word.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tvm.script import tirx as T

from tvm_stm32.kernels.microkernels.template import render

#: channels gathered together
CHANNELS = 4
#: type of what was gathered
GATHERED = "uint64"
#: values of int8 whose sum a lane holds
_LANE_VALUES = 255


@dataclass(frozen=True, slots=True)
class Gather:
    """what: "sum" or "maximum"; start: the result for no values."""

    what: str
    start: int = 0

    @property
    def name(self) -> str:
        """A C name that tells every parameter."""
        return f"gather_{self.what}"

    def render(self) -> str:
        """The C text, in its Arm and its portable form."""
        return render("gather.c.j2", what=self.what)

    def empty(self) -> Any:
        """TIR: no values yet."""
        return T.call_extern(GATHERED, f"empty_{self.what}", self.start)

    def gather(self, gathered: Any, pixel: Any, step: Any, count: Any) -> Any:
        """TIR: `gathered` and the channels of `count` more pixels, `step` bytes apart, from the address `pixel` on."""
        return T.call_extern(GATHERED, self.name, gathered, pixel, step, count)

    def result(self, gathered: Any, channel: int) -> Any:
        """TIR: the sum or maximum of one of the channels, int32."""
        return T.call_extern("int32", f"gathered_{self.what}", gathered, channel)


def gather_sum(values: int) -> Gather | None:
    """The gathering of sums of at most so many values, or None."""
    return Gather("sum") if values <= _LANE_VALUES else None
