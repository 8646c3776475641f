# SPDX-License-Identifier: Apache-2.0
"""The microkernel of convolutions: a run of pixels by all output channels, two pixels by four channels at a time.

Inputs are int16, widened before. Per step it reads two values of each pixel and the weights of four output channels and
does sixteen multiply-accumulates in eight SMLADs. The weights of two channels share a 16-bit lane as ``256 * B + A``: a
SMLAD with the lane sums 256 B + A, one with its sign-extended low byte sums A, and B is their difference.

Stream, in 32-bit words, per block of four channels A to D (padded with zeros):
    biases: A, 256 B + A, C, 256 D + C
    per step two words: low half lane of the first input value, high half of the second; channels A, B then C, D
    per channel: multiplier, addend[, what a negative accumulator adds to the addend]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tvm_stm32.kernels.microkernels.template import render
from tvm_stm32.quantize.thresholds import NarrowLayer

#: by which accumulators are larger than the sum of products when they are requantized
SCALE = 256
#: the sums of lane B must stay within 24 bits less sign
ACCUMULATOR_LIMIT = 1 << 23
#: immediate offsets of LDR
_OFFSET_LIMIT = 4095
#: FPU registers for row pointers
_MOST_ROWS = 10


@dataclass(frozen=True, slots=True)
class Rows:
    """Parameters of the microkernel.

    rows: input rows that a pixel reads; steps: pairs of input values of a row; pixel_stride: bytes from one pixel's
    values to the next's in a row; channels: of the output; pair, single: whether runs have pairs of pixels, and an odd
    one; unroll: steps in the body of the inner loop.
    """

    rows: int
    steps: int
    pixel_stride: int
    channels: int
    shift: int
    signed: bool
    pair: bool = True
    single: bool = True
    unroll: int = 8

    @property
    def name(self) -> str:
        """A C name that tells every parameter."""
        form = f"{'n' if self.signed else 'p'}{self.shift}_{2 * self.pair + self.single}_{self.unroll}"
        return f"rows_{self.rows}x{self.steps}_{self.pixel_stride}_{self.channels}_{form}"

    @property
    def block_words(self) -> int:
        """Words of the stream of four channels."""
        return 4 + 2 * self.rows * self.steps + 4 * (3 if self.signed else 2)

    def possible(self) -> bool:
        """Whether the instructions' immediates and the registers suffice."""
        reach = self.pixel_stride + 4 * max(self.unroll, self.steps if self.steps <= self.unroll else 0)
        looped = 8 * self.steps < 1 << 16
        return self.rows <= _MOST_ROWS and reach <= _OFFSET_LIMIT and self.channels + 4 <= _OFFSET_LIMIT and looped

    def render(self) -> str:
        """The C text, in its Arm and its portable form."""
        blocks, rest = divmod(self.channels, 4)
        return render(
            "rows.c.j2",
            name=self.name,
            rows=self.rows,
            steps=self.steps,
            pixel_stride=self.pixel_stride,
            channels=self.channels,
            shift=self.shift,
            signed=self.signed,
            pair=self.pair,
            single=self.single,
            unroll=self.unroll,
            blocks=blocks,
            rest_channels=rest,
            block_bytes=4 * self.block_words,
        )


def pack_stream(
    weights: npt.NDArray[np.int8], biases: Sequence[int], layer: NarrowLayer, order: npt.NDArray[np.intp]
) -> npt.NDArray[np.int32]:
    """The stream of a layer; arguments as of `pack_blocks`."""
    return pack_blocks(weights, biases, layer, order, 3 if layer.signed else 2)


def pack_blocks(
    weights: npt.NDArray[np.int8],
    biases: Sequence[int],
    layer: NarrowLayer,
    order: npt.NDArray[np.intp],
    constants: int,
) -> npt.NDArray[np.int32]:
    """Blocks of four channels: biases, weights in lanes, requantization.

    Args:
        weights: (channels, rows, values of a row).
        biases: per channel, the input's zero point folded in.
        layer: the requantization of each channel.
        order: (pairs, 2) indices into the values of a row, -1 for a zero.
        constants: words of requantization of each channel: 3, 2 without the second addend, or 0.
    """
    channels, rows, _ = weights.shape
    padded = np.zeros((-(-channels // 4) * 4, rows, weights.shape[2] + 1), np.int64)
    padded[:channels, :, :-1] = weights
    lanes = padded[:, :, order]  # (channels, rows, pairs, 2); index -1 is the zero column
    words = []
    for first in range(0, channels, 4):
        bias = [int(biases[c]) if c < channels else 0 for c in range(first, first + 4)]
        words.append([bias[0], 256 * bias[1] + bias[0], bias[2], 256 * bias[3] + bias[2]])
        pairs = lanes[first + 1 : first + 4 : 2] * 256 + lanes[first : first + 4 : 2]  # (2, rows, pairs, 2)
        joined = (pairs[..., 0] & 0xFFFF) | ((pairs[..., 1] & 0xFFFF) << 16)
        words.append(np.moveaxis(joined, 0, -1).ravel().tolist())
        for c in range(first, first + 4):
            narrow = layer.channels[c] if c < channels else None
            values = [narrow.multiplier, narrow.addend, narrow.negative - narrow.addend] if narrow else [0, 0, 0]
            words.append(values[:constants])
    flat = np.array([value for group in words for value in group], np.int64)
    return (flat & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
