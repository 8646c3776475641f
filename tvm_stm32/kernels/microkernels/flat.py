# SPDX-License-Identifier: Apache-2.0
"""The microkernel of 1x1 convolutions: pixels in pairs by all output channels, two pixels by four channels at a time.

Unlike that of rows it knows no shape: one function serves all layers of a model that requantize alike. Inputs are
int16, widened before, the words of two pixels interleaved: values 0 and 2 of the first pixel, those of the second,
values 1 and 3 of the first, and so on. The last pair of an odd number of pixels repeats the pixel before the last.

Stream, in 32-bit words: bytes of weights of a block, bytes of the blocks of four channels, bytes from one pixel's
output to the next's, steps that the first round of the inner loop leaves out; then the blocks, as in stream.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tvm_stm32.kernels.microkernels.requantization import Requantization
from tvm_stm32.kernels.microkernels.template import render

#: words of the stream before the blocks
HEADER = 4
#: steps in the bodies of inner loops for any number of steps: the faster, the smaller; and in a body without a loop
UNROLLS = (32, 4)
LONGEST = 32


@dataclass(frozen=True, slots=True)
class Flat:
    """Parameters of the microkernel.

    steps: pairs of input values of a pixel, 0 for any number; unroll: steps in the body of the inner loop; rest:
    channels in the last block, if these are less than four; wide: whether other blocks may be.
    """

    steps: int
    unroll: int
    rest: int
    requantization: Requantization
    wide: bool = True

    @property
    def name(self) -> str:
        """A C name that tells every parameter."""
        steps = str(self.steps) if self.steps else f"any{self.unroll}"
        rest = f"_{self.rest}" if self.rest else ""
        steps += "" if self.wide else "_only"
        return f"flat_{steps}_{self.requantization.name}{rest}"

    @property
    def narrow(self) -> bool:
        """Whether the last block has products of its own, and words of the stream for no more than two channels."""
        return 0 < self.rest <= 2

    @property
    def code_bytes(self) -> int:
        """About what the Arm form takes."""
        form = self.requantization
        end = 180 + 150 * form.signed + 30 * (form.shift == 0)
        if not self.wide:
            return end + 400
        ends = end * (2 if self.rest else 1) + 260 * self.narrow
        return (50 if form.lanes else 58) * self.unroll + ends + (180 if self.steps else 280)

    def header(self, steps: int, blocks: int, block_words: int, y_stride: int) -> npt.NDArray[np.int32]:
        """The words before the blocks."""
        skipped = -steps % self.unroll if self.wide else 0
        return np.array([8 * steps, 4 * blocks * block_words, y_stride, skipped], np.int32)

    def render(self) -> str:
        """The C text, in its Arm and its portable form."""
        return render(
            "flat.c.j2",
            name=self.name,
            steps=self.steps,
            unroll=self.unroll,
            rest=self.rest,
            narrow=self.narrow,
            wide=self.wide,
            **self.requantization.parameters(),
        )
