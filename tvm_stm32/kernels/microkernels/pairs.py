# SPDX-License-Identifier: Apache-2.0
"""The microkernel of 1x1 convolutions of one shape: widens two pixels onto the stack, then all their output channels.

The stack pointer addresses the inputs, which leaves a register for the mask that takes A from a lane ``256 * B + A`` as
``256 * A``: both channels end with accumulators of one scale. All offsets are immediates, and the loop over blocks of
four channels computes several. The stream is that of stream.py, with scaled biases.
"""

from __future__ import annotations

from dataclasses import dataclass

from tvm_stm32.kernels.microkernels.requantization import Requantization
from tvm_stm32.kernels.microkernels.stream import block_words
from tvm_stm32.kernels.microkernels.template import render

#: most inputs of a pixel: each takes four bytes of stack
MOST_INPUTS = 64
#: immediate offsets of LDR and STRB
_OFFSET_LIMIT = 4095
#: steps of all blocks in the body of the loop over blocks, and most blocks in it
_BODY, _MOST_BLOCKS = 64, 4


@dataclass(frozen=True, slots=True)
class Pairs:
    """Parameters of the microkernel.

    inputs, channels: of a pixel, and of its output; x_step, y_step: bytes from one pixel to the next, and from one
    output to the next; odd: whether runs have an odd number of pixels; backwards: whether they are computed from their
    end, so that x and y point to the last pair or the odd pixel after it.
    """

    inputs: int
    channels: int
    x_step: int
    y_step: int
    odd: bool
    backwards: bool
    requantization: Requantization

    @property
    def name(self) -> str:
        """A C name that tells every parameter."""
        shape = f"{self.inputs}of{self.x_step}_{self.channels}of{self.y_step}"
        return f"pairs_{shape}_{self.requantization.name}_{2 * self.backwards + self.odd}"

    @property
    def steps(self) -> int:
        """Pairs of inputs of a pixel."""
        return -(-self.inputs // 2)

    @property
    def block_bytes(self) -> int:
        """Bytes of a block in the stream."""
        return 4 * block_words(self.steps, self.requantization.words)

    @property
    def unroll(self) -> int:
        """Whole blocks in the body of the loop over them."""
        return max(1, min(self.channels // 4, _BODY // self.steps, _MOST_BLOCKS))

    @property
    def code_bytes(self) -> int:
        """About what the Arm form takes."""
        form = self.requantization
        blocks = self.channels // 4
        copies = self.unroll + blocks % self.unroll + (self.channels % 4 > 0)
        block = 50 * self.steps + 150 + 120 * form.signed + 30 * (form.shift == 0)
        return round(120 + (9 * self.inputs + copies * block) * (1.7 if self.odd else 1))

    def possible(self) -> bool:
        """Whether the stack and the instructions' immediates suffice."""
        stores = self.y_step + 4 * (self.unroll * 2 + 1)
        offsets = max(self.x_step + self.inputs, stores, (2 * self.unroll + 1) * self.block_bytes)
        return self.inputs <= MOST_INPUTS and offsets <= _OFFSET_LIMIT

    def cycles(self, pixels: int) -> float:
        """About how many cycles a run of so many pixels takes."""
        form = self.requantization
        blocks = -(-self.channels // 4)
        around = 44 + 16 * form.signed + 16 * (form.shift == 0) + 24 * (form.clamp is not None)
        block = (15 if form.lanes else 18) * self.steps + around + (7 / self.unroll if blocks > self.unroll else 0)
        return (pixels // 2 + 0.75 * self.odd) * (blocks * block + 2.6 * self.inputs + 25)

    def render(self) -> str:
        """The C text, in its Arm and its portable form."""
        blocks, rest = divmod(self.channels, 4)
        rounds = blocks // self.unroll
        looped = rounds if rounds > 1 else 0
        return render(
            "pairs.c.j2",
            name=self.name,
            inputs=self.inputs,
            steps=self.steps,
            channels=self.channels,
            x_step=self.x_step,
            y_step=self.y_step,
            odd=self.odd,
            direction=-1 if self.backwards else 1,
            backwards=self.backwards,
            block_bytes=self.block_bytes,
            unroll=self.unroll,
            looped=looped,
            left=blocks - looped * self.unroll,
            rest=rest,
            **self.requantization.parameters(masked=True),
        )
