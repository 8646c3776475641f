# SPDX-License-Identifier: Apache-2.0
"""The stream of weights and constants that the microkernels of convolutions and fully connected layers read once.

The weights of two channels share a 16-bit lane as ``256 * B + A``: a SMLAD with the lane sums 256 B + A, one with its
sign-extended low byte sums A, and B is their difference. Where sums or weights do not allow that, A and B are two bytes
beside each other, and each is sign-extended.

In 32-bit words, per block of four channels A to D (padded with zeros):
    biases: A (256 A where a mask takes A from its lane), 256 B + A, C, 256 D + C; without lanes A, B, C, D
    per step two words: low half for the first input value, high half for the second; channels A, B then C, D
    per channel: multiplier, addend[, what a negative accumulator adds to the addend[, shift]]
A last block of one or two channels has A and B only; one channel is alone in its lane, in either form.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tvm_stm32.kernels.microkernels.requantization import Requantization
from tvm_stm32.quantize.thresholds import NarrowLayer


def block_words(steps: int, constants: int, channels: int = 4) -> int:
    """Words of a block of up to four channels: `steps` of all rows, `constants` words of requantization a channel."""
    return lanes_of(channels) * (2 + steps + 2 * constants)


def stream_words(steps: int, constants: int, channels: int) -> int:
    """Words of all blocks."""
    blocks, rest = divmod(channels, 4)
    return blocks * block_words(steps, constants) + (block_words(steps, constants, rest) if rest else 0)


def lanes_of(channels: int) -> int:
    """How many words a step has in a block of so many channels."""
    return 1 if channels <= 2 else 2


def pack_stream(
    weights: npt.NDArray[np.int8],
    biases: Sequence[int],
    layer: NarrowLayer,
    requantization: Requantization,
    order: npt.NDArray[np.intp],
    constants: bool = True,
    narrow: bool = True,
    masked: bool = False,
) -> npt.NDArray[np.int32]:
    """Blocks of four channels: biases, weights, requantization.

    Args:
        weights: (channels, rows, values of a row).
        biases: per channel, the input's zero point folded in.
        layer: the requantization of each channel.
        requantization: the form of it.
        order: (pairs, 2) indices into the values of a row, -1 for a zero.
        constants: whether each channel has words of requantization.
        narrow: whether a last block of up to two channels is one.
        masked: whether a mask takes the lower channels from their lanes.
    """
    channels, rows, _ = weights.shape
    padded = np.zeros((-(-channels // 4) * 4, rows, weights.shape[2] + 1), np.int64)
    padded[:channels, :, :-1] = weights
    lanes = padded[:, :, order]  # (channels, rows, pairs, 2); index -1 is the zero column
    words = []
    for first in range(0, channels, 4):
        block = range(first, first + (2 * lanes_of(channels - first) if narrow else 4))
        bias = [int(biases[c]) if c < channels else 0 for c in block]
        lower, upper = lanes[block.start : block.stop : 2], lanes[block.start + 1 : block.stop : 2]
        if requantization.lanes:
            scale = 256 if masked else 1
            bias = [word for a, b in zip(bias[::2], bias[1::2], strict=True) for word in (scale * a, 256 * b + a)]
        words.append(bias)
        if requantization.lanes or (narrow and channels - first == 1):
            pairs = upper * 256 + lower  # (lanes, rows, pairs, 2)
        else:
            pairs = (upper & 0xFF) << 8 | lower & 0xFF
        joined = (pairs[..., 0] & 0xFFFF) | ((pairs[..., 1] & 0xFFFF) << 16)
        words.append(np.moveaxis(joined, 0, -1).ravel().tolist())
        if constants:
            words += [_constants(layer, c)[: requantization.words] for c in block]
    flat = np.array([value for group in words for value in group], np.int64)
    return (flat & 0xFFFFFFFF).astype(np.uint32).view(np.int32)


def _constants(layer: NarrowLayer, channel: int) -> list[int]:
    """All that requantization may need."""
    if channel >= len(layer.channels):
        return [0, 0, 0, 0]
    narrow = layer.channels[channel]
    return [narrow.multiplier, narrow.addend, narrow.negative - narrow.addend, narrow.shift]


def crossed(values: int) -> npt.NDArray[np.intp]:
    """The order (pairs, 2) of values that were widened four at a time: 0 and 2, 1 and 3; the rest as it comes."""
    order = np.arange(values + values % 2)
    order[order >= values] = -1
    fours = values // 4 * 4
    order[:fours] = order[:fours].reshape(-1, 2, 2).swapaxes(1, 2).ravel()
    return order.reshape(-1, 2)


def in_order(values: int) -> npt.NDArray[np.intp]:
    """The order (pairs, 2) of values as they come."""
    order = np.arange(values + values % 2)
    order[order >= values] = -1
    return order.reshape(-1, 2)
