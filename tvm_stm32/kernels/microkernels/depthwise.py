# SPDX-License-Identifier: Apache-2.0
"""The microkernel of 3x3 depthwise convolutions: a band of rows of each channel, two by two outputs at a time.

It reads planes: a channel's inputs as int16, padding included. Nine weights stay in registers, in pairs; each word
of input serves two outputs of two rows. Weights and bias are scaled up by a power of two, so that requantization is a
multiply-high and a saturating shift that is the same for all channels.

Constants of a channel, in 32-bit words, w being row by row (or column by column, where the plane is transposed):
    stride 1: (w0, w1), (w1, w2) of each row; stride 2: (w0, w1) of each row, (w2 of rows 0 and 1), (w2 of row 2, 0)
    bias, multiplier, addend[, what a negative accumulator adds to the addend]
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tvm_stm32.kernels.microkernels.template import render
from tvm_stm32.quantize.thresholds import NarrowLayer

#: immediate offsets of LDR and STRB
_OFFSET_LIMIT = 4095


@dataclass(frozen=True, slots=True)
class DepthwisePlane:
    """Parameters of the microkernel.

    row_bytes: from one row of the plane to the next; inner_outputs: along a row; inner_bytes, outer_bytes: between
    outputs along a row and from row to row; odd: whether bands may have an odd number of output rows.
    """

    stride: int
    row_bytes: int
    inner_outputs: int
    inner_bytes: int
    outer_bytes: int
    shift: int
    signed: bool
    odd: bool
    unroll: int = 2

    @property
    def name(self) -> str:
        """A C name that tells every parameter."""
        form = f"{'n' if self.signed else 'p'}{self.shift}_{int(self.odd)}_{self.unroll}"
        shape = f"{self.row_bytes}_{self.inner_outputs}_{self.inner_bytes}_{self.outer_bytes}"
        return f"depthwise_s{self.stride}_{shape}_{form}"

    @property
    def channel_words(self) -> int:
        """Words of constants of a channel."""
        return (6 if self.stride == 1 else 5) + (4 if self.signed else 3)

    def possible(self) -> bool:
        """Whether the instructions' immediates suffice."""
        load = 2 * self.unroll * 4 * self.stride + (self.stride + 3) * self.row_bytes
        pairs = self.inner_outputs // 2
        store = self.outer_bytes + 2 * max(self.unroll, pairs % self.unroll + 1) * self.inner_bytes
        return max(load, store, 2 * self.outer_bytes, pairs * 4 * self.stride) <= _OFFSET_LIMIT

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
        words += [bias * narrow.scale, narrow.multiplier, narrow.addend]
        words += [narrow.negative - narrow.addend] if layer.signed else []
    return (np.array(words, np.int64) & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
