# SPDX-License-Identifier: Apache-2.0
"""The microkernel of convolutions: a run of pixels by all output channels, two pixels by four channels at a time.

Inputs are int16, widened before. Per step it reads two values of each pixel and the weights of four output channels and
does sixteen multiply-accumulates in eight SMLADs. Of up to two output channels it computes four pixels at a time. The
stream of weights is that of stream.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from tvm_stm32.kernels.microkernels.requantization import Requantization
from tvm_stm32.kernels.microkernels.stream import block_words
from tvm_stm32.kernels.microkernels.template import render

#: immediate offsets of LDR
_OFFSET_LIMIT = 4095
#: FPU registers for row pointers; more rows, or rows of so many steps, are read through a table
_MOST_ROWS = 12
_LONG_ROW = 24
#: registers from s16 on are the caller's
_FREE_REGISTERS = 16


@dataclass(frozen=True, slots=True)
class Rows:
    """Parameters of the microkernel.

    rows: input rows that a pixel reads; steps: pairs of input values of a row; pixel_stride: bytes from one pixel's
    values to the next's in a row; channels: of the output; y_stride: bytes from one pixel's output to the next's;
    run: pixels of a run.
    """

    rows: int
    steps: int
    pixel_stride: int
    channels: int
    y_stride: int
    requantization: Requantization
    run: int

    @property
    def name(self) -> str:
        """A C name that tells every parameter."""
        form = f"{self.requantization.name}_{self.together}{self.tail}"
        channels = f"{self.channels}" + (f"of{self.y_stride}" if self.y_stride != self.channels else "")
        return f"rows_{self.rows}x{self.steps}_{self.pixel_stride}_{channels}_{form}"

    @property
    def together(self) -> int:
        """Pixels that are computed together."""
        reach = 3 * self.pixel_stride + 4 * max(self.unroll, self.steps)
        four = (
            self.channels <= 2
            and self.run >= 4
            and max(reach, 4 * self.pixel_stride, 4 * self.y_stride) <= _OFFSET_LIMIT
        )
        return 4 if four else min(self.run, 2)

    @property
    def tail(self) -> int:
        """Pixels that are left when all others are computed together."""
        return self.run % self.together

    @property
    def table(self) -> bool:
        """Whether the rows are read through a table, in a loop."""
        return self.rows > _MOST_ROWS or (self.rows > 1 and self.steps >= _LONG_ROW)

    @property
    def unroll(self) -> int:
        """Steps in the body of the inner loop, which divides the steps where that costs little."""
        if not self.table:
            return 8
        if self.steps <= 32:
            return self.steps
        return next((size for size in (32, 24, 16, 12) if self.steps % size == 0), 16)

    @property
    def looped(self) -> int:
        """Rounds of the inner loop; 0 without a loop."""
        return self.steps // self.unroll if self.steps > self.unroll else 0

    @property
    def slots(self) -> dict[str, int]:
        """Numbers of FPU registers by what they hold, beside those of row pointers."""
        names = ["y", "stream", "turns", "blocks", "steps"]
        names += ["table", "next", "end", "offset"] if self.table else []
        first = 0 if self.table else self.rows
        return {name: first + index for index, name in enumerate(names)}

    def possible(self) -> bool:
        """Whether the instructions' immediates suffice."""
        reach = self.pixel_stride + 4 * max(self.unroll, self.steps)
        looped = 8 * self.steps < 1 << 16
        return max(reach, 2 * self.pixel_stride, 2 * self.y_stride, 4 * self.rows) <= _OFFSET_LIMIT and looped

    def render(self) -> str:
        """The C text, in its Arm and its portable form."""
        blocks, rest = divmod(self.channels, 4)
        slots = self.slots
        last = max(slots.values())
        saved = [f"s{slot}" for slot in (_FREE_REGISTERS, last)][: 1 + (last > _FREE_REGISTERS)]
        return render(
            "rows.c.j2",
            name=self.name,
            rows=self.rows,
            steps=self.steps,
            pixel_stride=self.pixel_stride,
            channels=self.channels,
            y_stride=self.y_stride,
            together=self.together,
            tail=self.tail,
            table=self.table,
            unroll=self.unroll,
            looped=self.looped,
            slots=slots,
            last_slot=last,
            saved="-".join(saved) if last >= _FREE_REGISTERS else "",
            blocks=blocks,
            rest_channels=rest,
            block_bytes=4 * block_words(self.rows * self.steps, self.requantization.words),
            **self.requantization.parameters(),
        )
