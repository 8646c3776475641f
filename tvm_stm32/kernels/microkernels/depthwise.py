# SPDX-License-Identifier: Apache-2.0
"""The microkernel of 3x3 depthwise convolutions: a band of rows of each channel, two by two outputs at a time.

It reads planes: a channel's inputs as int16, padding included. Nine weights stay in registers, in pairs; each word
of input serves two outputs of two rows. Weights and bias are scaled up by a power of two, so that requantization is a
multiply-high and a saturating shift that is the same for all channels.

Constants of a channel, in 32-bit words, w being row by row (or column by column, where the plane is transposed):
    stride 1: (w0, w1), (w1, w2) of each row; stride 2: (w0, w1) of each row, (w2 of rows 0 and 1), (w2 of row 2, 0)
    bias, multiplier, addend[, what a negative accumulator adds to the addend][, shift]
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tvm_stm32.kernels.microkernels.template import render
from tvm_stm32.quantize.thresholds import Narrow, NarrowLayer

#: immediate offsets of LDR
_OFFSET_LIMIT = 4095


@dataclass(frozen=True, slots=True)
class DepthwisePlane:
    """Parameters of the microkernel.

    row_bytes: from one row of the plane to the next; inner_outputs: along a row; inner_bytes, outer_bytes: between
    outputs along a row and from row to row; shift: 0 if each channel has its own; odd: whether bands may have an odd
    number of output rows; clamp: least and greatest output where saturation to int8 does not do.
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
        shape = f"{self.row_bytes}_{self.inner_outputs}_{self.inner_bytes}_{self.outer_bytes}"
        return f"depthwise_s{self.stride}_{shape}_{form}_{int(self.odd)}_{self.unroll}"

    @property
    def channel_words(self) -> int:
        """Words of constants of a channel."""
        return (6 if self.stride == 1 else 5) + 3 + self.signed + (self.shift == 0)

    def possible(self) -> bool:
        """Whether the instructions' immediates suffice."""
        load = 2 * self.unroll * 4 * self.stride + (self.stride + 3) * self.row_bytes
        return max(load, self.inner_outputs // 2 * 4 * self.stride) <= _OFFSET_LIMIT

    def cycles(self, outer: int) -> int:
        """About how many cycles one channel takes for `outer` rows of outputs."""
        block = (49 if self.stride == 1 else 57) + 4 * (
            3 * self.signed + (self.shift == 0) + 6 * (self.clamp is not None)
        )
        return -(-outer // 2) * (-(-self.inner_outputs // 2) * (block + 5) + 20) + 40

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
            channel_words=self.channel_words,
        )


def pack_channels(
    weights: npt.NDArray[np.int64], biases: npt.NDArray[np.int64], layer: NarrowLayer, stride: int
) -> npt.NDArray[np.int32]:
    """Constants of all channels; weights (channels, 3, 3) and biases are scaled by each channel's scale here."""

    def pair(low: int, high: int) -> int:
        return (low & 0xFFFF) | ((high & 0xFFFF) << 16)

    words = []
    for rows, bias, narrow in zip(weights.tolist(), biases.tolist(), layer.channels, strict=True):
        w = [[value * narrow.scale for value in row] for row in rows]
        if stride == 1:
            words += [pair(*row[at : at + 2]) for row in w for at in (0, 1)]
        else:
            words += [pair(*row[:2]) for row in w] + [pair(w[0][2], w[1][2]), pair(w[2][2], 0)]
        words += requantization_words(bias, narrow, layer)
    return (np.array(words, np.int64) & 0xFFFFFFFF).astype(np.uint32).view(np.int32)


def requantization_words(bias: int, narrow: Narrow, layer: NarrowLayer) -> list[int]:
    """Bias, multiplier, addend[, what a negative accumulator adds to the addend][, shift] of a channel."""
    words = [bias * narrow.scale, narrow.multiplier, narrow.addend]
    return words + ([narrow.negative - narrow.addend] if layer.signed else []) + ([] if layer.shift else [narrow.shift])
