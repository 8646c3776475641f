# SPDX-License-Identifier: Apache-2.0
"""The microkernel of 3x3 depthwise convolutions: a band of rows of each channel, two by two outputs at a time.

It reads planes: a channel's inputs as int16, padding included. Nine weights stay in registers, in pairs of 16 bits;
each word of input serves two outputs of two rows. Weights and bias are 256 times themselves: requantization is a
multiply-high and a saturating shift that is the same for all channels, and a mask spreads bytes to pairs.

Constants of a channel, in 32-bit words, w being row by row (or column by column, where the plane is transposed):
    weights as bytes, whose first and third make a pair, and whose second and fourth:
        stride 1: (w0, w1, w1, w2) of each row
        stride 2: (w0, w2, w1, w5), (w3, w8, w4, 0), (w6, 0, w7, 0)
    bias, multiplier, addend[, what a negative accumulator adds to the addend][, shift]
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tvm_stm32.kernels.microkernels.template import render
from tvm_stm32.quantize.thresholds import Narrow, NarrowLayer

#: by which accumulators are larger than the sum of products
SCALE = 256
#: stride -> the weight in each byte of a channel's first three words
_BYTES: dict[int, tuple[int | None, ...]] = {
    1: (0, 1, 1, 2, 3, 4, 4, 5, 6, 7, 7, 8),
    2: (0, 2, 1, 5, 3, 8, 4, None, 6, None, 7, None),
}
#: immediate offsets of LDR
_OFFSET_LIMIT = 4095


@dataclass(frozen=True, slots=True)
class DepthwisePlane:
    """Parameters of the microkernel.

    row_bytes: from one row of the plane to the next; inner_outputs: along a row; inner_bytes, outer_bytes: between
    outputs along a row and from row to row, 0: given in the call; shift: 0 if each channel has its own; odd: whether
    bands may have an odd number of output rows; clamp: least and greatest output where saturation to int8 does not do;
    unroll: pairs of outputs of a row in the body of the inner loop.
    """

    stride: int
    row_bytes: int
    inner_outputs: int
    inner_bytes: int
    outer_bytes: int
    shift: int
    signed: bool
    odd: bool
    clamp: tuple[int, int] | None = None
    unroll: int = 2

    @property
    def name(self) -> str:
        """A C name that tells every parameter."""
        form = f"{'n' if self.signed else 'p'}{self.shift}"
        form += f"c{self.clamp[0] + 128}_{self.clamp[1] + 128}" if self.clamp else ""
        between = "any" if self.any_output else f"{self.inner_bytes}_{self.outer_bytes}"
        shape = f"{self.row_bytes}_{self.inner_outputs}_{between}"
        return f"depthwise_s{self.stride}_{shape}_{form}_{int(self.odd)}_{self.unroll}"

    @property
    def any_output(self) -> bool:
        """Whether the distances between outputs are given in the call."""
        return self.inner_bytes == 0

    @property
    def single_row(self) -> int:
        """Outputs that are computed together of the last of an odd number of rows."""
        return 4 if self.stride == 1 and not self.any_output else 2

    @property
    def code_bytes(self) -> int:
        """About what the Arm form takes."""
        pairs, tail = divmod(self.inner_outputs, 2)
        copies = (min(self.unroll, pairs) if pairs >= self.unroll else 0) + pairs % self.unroll + 0.6 * tail
        block = 150 + (8 if self.any_output else 0) + 40 * self.signed + 16 * (self.shift == 0)
        return round(280 + copies * block * (1.6 if self.odd else 1))

    @property
    def channel_words(self) -> int:
        """Words of constants of a channel."""
        return 6 + self.signed + (self.shift == 0)

    def possible(self) -> bool:
        """Whether the instructions' immediates suffice."""
        load = 2 * self.unroll * 4 * self.stride + (self.stride + 3) * self.row_bytes
        return max(load, self.inner_outputs // 2 * 4 * self.stride) <= _OFFSET_LIMIT

    @property
    def stores_reached(self) -> bool:
        """Whether the immediates of stores suffice."""
        longest = max(self.unroll, self.inner_outputs // 2 % self.unroll + self.inner_outputs % 2)
        return self.outer_bytes + 2 * longest * self.inner_bytes <= _OFFSET_LIMIT

    def cycles(self, outer: int) -> int:
        """About how many cycles one channel takes for `outer` rows of outputs."""
        output = 3 * self.signed + (self.shift == 0) + 6 * (self.clamp is not None)
        block = (49 if self.stride == 1 else 57) + 4 * output + (7 if self.any_output else 0)
        pairs = -(-self.inner_outputs // 2)
        rounds = pairs // self.unroll
        row = pairs * block + (8 * rounds if rounds > 1 else 3 * rounds)
        alone = 0.7 if self.single_row == 4 else 0.8
        return round(outer // 2 * (row + 15) + outer % 2 * (alone * row + 15)) + 80

    def render(self) -> str:
        """The C text, in its Arm and its portable form."""
        return render(
            "depthwise.c.j2",
            name=self.name,
            stride=self.stride,
            row_bytes=self.row_bytes,
            inner_outputs=self.inner_outputs,
            inner_bytes=self.inner_bytes,
            outer_bytes=self.outer_bytes,
            shift=self.shift,
            clamp=self.clamp,
            signed=self.signed,
            odd=self.odd,
            unroll=self.unroll,
            single_row=self.single_row,
            any_output=self.any_output,
            channel_words=self.channel_words,
            places=[_BYTES[self.stride].index(tap) for tap in range(9)],
        )


def pack_channels(
    weights: npt.NDArray[np.int64], biases: npt.NDArray[np.int64], layer: NarrowLayer, stride: int
) -> npt.NDArray[np.int32]:
    """Constants of all channels; weights (channels, 3, 3), and biases, without the scale, which is `SCALE` for all."""
    words: list[int] = []
    for taps, bias, narrow in zip(weights.reshape(-1, 9).tolist(), biases.tolist(), layer.channels, strict=True):
        assert narrow.scale == SCALE
        values = [0 if tap is None else taps[tap] & 0xFF for tap in _BYTES[stride]]
        words += np.array(values, np.uint8).view("<u4").tolist()
        words += requantization_words(bias, narrow, layer)
    return (np.array(words, np.int64) & 0xFFFFFFFF).astype(np.uint32).view(np.int32)


def requantization_words(bias: int, narrow: Narrow, layer: NarrowLayer) -> list[int]:
    """Bias, multiplier, addend[, what a negative accumulator adds to the addend][, shift] of a channel."""
    words = [bias * narrow.scale, narrow.multiplier, narrow.addend]
    return words + ([narrow.negative - narrow.addend] if layer.signed else []) + ([] if layer.shift else [narrow.shift])
