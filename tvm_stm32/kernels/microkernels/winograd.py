# SPDX-License-Identifier: Apache-2.0
"""The microkernels of Winograd's convolution F(m x m, 3x3), in exact integers, two tiles by four channels at a time.

A tile of m x m outputs of one channel is ``A (U * V) A^T`` with the weights ``U = G w G^T`` and the n x n inputs
``V = B d B^T``, n = m + 2, `*` position by position (Lavin and Gray, "Fast Algorithms for Convolutional Neural
Networks", 2015; their fractions are multiplied out, so that the tile is `SCALES[m]` times the sum of products).
Everything but U and V may wrap: modulo 2^32 the tile is right, and it fits 32 bits.

V of two tiles, in words of two channels: position, pair of channels, tile. A group of four input channels has the pairs
(0, 2) and (1, 3). To F(4x4), channels 0 and 1 of four are 128 larger than they are: what that adds leaves the bias.

Products of two tiles by four output channels, one 32-bit word each: position, tile, channel.

Stream, in 32-bit words, per block of four output channels (padded with zeros):
    per position and pair of input channels: the weights of the four channels, two in a word
    per channel: bias, multiplier, addend[, what a negative value adds to the addend]
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tvm_stm32.kernels.microkernels.template import render
from tvm_stm32.quantize.thresholds import NarrowLayer

#: G, B and A by the size of the tile
WEIGHT_TRANSFORMS = {
    2: ((2, 0, 0), (1, 1, 1), (1, -1, 1), (0, 0, 2)),
    4: ((6, 0, 0), (-4, -4, -4), (-4, 4, -4), (1, 2, 4), (1, -2, 4), (0, 0, 12)),
}
INPUT_TRANSFORMS = {
    2: ((1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, 1, 0, -1)),
    4: (
        (4, 0, -5, 0, 1, 0),
        (0, -4, -4, 1, 1, 0),
        (0, 4, -4, -1, 1, 0),
        (0, -2, -1, 2, 1, 0),
        (0, 2, -1, -2, 1, 0),
        (0, 4, 0, -5, 0, 1),
    ),
}
OUTPUT_TRANSFORMS = {
    2: ((1, 1, 1, 0), (0, 1, -1, -1)),
    4: ((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 2)),
}
#: by how much the tile is larger than the sums of products
SCALES = {2: 4, 4: 576}
#: what is added to the first two of four input channels, so that a word of two channels is one integer
INPUT_OFFSETS = {2: 0, 4: 128}
#: the pairs of channels of a group of four
_PAIRS = np.array([[0, 2], [1, 3]])
#: immediate offsets of LDR and STRB
_OFFSET_LIMIT = 4095
#: so that the immediates of all microkernels suffice
_MOST_CHANNELS = 512


@dataclass(frozen=True, slots=True)
class InputTransform:
    """V of one tile; `unroll` rows or columns in the body of a loop."""

    tile: int
    channels: int
    unroll: int = 2

    @property
    def name(self) -> str:
        """A C name that tells every parameter."""
        return f"winograd{self.tile}_input_{self.channels}_{self.unroll}"

    def possible(self) -> bool:
        """Whether words hold four channels and the instructions' immediates suffice."""
        return self.channels % 4 == 0 and self.channels <= _MOST_CHANNELS

    def render(self) -> str:
        """The C text, in its Arm and its portable form."""
        return render(
            "winograd_input.c.j2",
            name=self.name,
            tile=self.tile,
            size=self.tile + 2,
            channels=self.channels,
            unroll=self.unroll,
            offset=INPUT_OFFSETS[self.tile],
            transform=INPUT_TRANSFORMS[self.tile],
        )


@dataclass(frozen=True, slots=True)
class InputTile:
    """Finds the input of a tile, through a patch where it reaches into the padding, and transforms it to V.

    height, width: of the input; zero_point: of the padding, if any is read.
    """

    transform: InputTransform
    height: int
    width: int
    zero_point: int
    padded: bool

    @property
    def name(self) -> str:
        """A C name that tells every parameter."""
        padding = f"_z{self.zero_point & 0xFF}" if self.padded else ""
        return f"winograd{self.transform.tile}_tile_{self.height}x{self.width}x{self.transform.channels}{padding}"

    @property
    def patch(self) -> int:
        """Bytes of the patch."""
        return (self.transform.tile + 2) ** 2 * self.transform.channels if self.padded else 0

    def render(self) -> str:
        """The C text."""
        return render(
            "winograd_tile.c.j2",
            name=self.name,
            size=self.transform.tile + 2,
            height=self.height,
            width=self.width,
            channels=self.transform.channels,
            zero_point=self.zero_point & 0xFF,
            padded=self.padded,
            transform=self.transform.name,
        )


@dataclass(frozen=True, slots=True)
class Products:
    """Products of two tiles by four output channels, summed over the input channels, at every position.

    unroll: steps of two input channels in the body of a loop, over positions too where they have fewer.
    """

    tile: int
    channels: int
    unroll: int = 16

    @property
    def name(self) -> str:
        """A C name that tells every parameter."""
        return f"winograd{self.tile}_products_{self.channels}_{self.unroll}"

    @property
    def positions(self) -> int:
        """Of V."""
        return (self.tile + 2) ** 2

    @property
    def together(self) -> int:
        """Positions in the body of the loop."""
        fitting = max(1, self.unroll // (self.channels // 2))
        return next(number for number in range(fitting, 0, -1) if self.positions % number == 0)

    @property
    def value_words(self) -> int:
        """Words of V of two tiles."""
        return self.positions * self.channels

    @property
    def weight_words(self) -> int:
        """Words of the weights of four output channels."""
        return self.positions * self.channels * 2

    @property
    def result_words(self) -> int:
        """Words of the products."""
        return self.positions * 8

    def render(self) -> str:
        """The C text, in its Arm and its portable form."""
        return render(
            "winograd_products.c.j2",
            name=self.name,
            positions=self.positions,
            steps=self.channels // 2,
            together=self.together,
            unroll=self.unroll,
        )


@dataclass(frozen=True, slots=True)
class OutputTransform:
    """Output of one tile, requantized.

    pixel_bytes, row_bytes: from one output pixel to the next in a row, and from row to row.
    """

    tile: int
    pixel_bytes: int
    row_bytes: int
    shift: int
    signed: bool

    @property
    def name(self) -> str:
        """A C name that tells every parameter."""
        form = f"{'n' if self.signed else 'p'}{self.shift}"
        return f"winograd{self.tile}_output_{self.pixel_bytes}_{self.row_bytes}_{form}"

    @property
    def constant_words(self) -> int:
        """Words of four channels' constants."""
        return 4 * (4 if self.signed else 3)

    def possible(self) -> bool:
        """Whether the instructions' immediates suffice."""
        return (self.tile - 1) * self.pixel_bytes <= _OFFSET_LIMIT and self.tile * self.row_bytes < 1 << 16

    def render(self) -> str:
        """The C text, in its Arm and its portable form."""
        return render(
            "winograd_output.c.j2",
            name=self.name,
            tile=self.tile,
            size=self.tile + 2,
            pixel_bytes=self.pixel_bytes,
            row_bytes=self.row_bytes,
            shift=self.shift,
            signed=self.signed,
            transform=OUTPUT_TRANSFORMS[self.tile],
        )


def transformed_weights(weights: npt.NDArray[np.int64], tile: int) -> npt.NDArray[np.int64]:
    """U of weights (..., 3, 3, inputs): (..., n, n, inputs)."""
    g = np.array(WEIGHT_TRANSFORMS[tile], np.int64)
    u: npt.NDArray[np.int64] = np.einsum("ai,...ijc,bj->...abc", g, weights.astype(np.int64), g)
    return u


def pack_blocks(
    weights: npt.NDArray[np.int64], biases: Sequence[int], layer: NarrowLayer, tile: int
) -> npt.NDArray[np.int32]:
    """The stream of a layer.

    Args:
        weights: OHWI, 3x3.
        biases: per channel, the input's zero point folded in.
        layer: the requantization of each channel; its scales are multiples of `SCALES[tile]`.
        tile: 2 or 4.
    """
    channels, inputs = len(weights), weights.shape[3]
    padded = -(-channels // 4) * 4
    factors = np.array([narrow.scale // SCALES[tile] for narrow in layer.channels], np.int64)
    u = np.zeros((padded, (tile + 2) ** 2, inputs), np.int64)
    u[:channels] = transformed_weights(weights, tile).reshape(channels, -1, inputs) * factors[:, None, None]
    assert not u.size or (u.min() >= -(2**15) and u.max() < 2**15)
    groups = u.reshape(padded // 4, 4, (tile + 2) ** 2, inputs // 4, 4)[..., _PAIRS]
    lanes = (groups[..., 0] & 0xFFFF) | ((groups[..., 1] & 0xFFFF) << 16)
    # (block, channel, position, group, pair) to channels last
    blocks = np.moveaxis(lanes, 1, -1).reshape(padded // 4, -1)
    constants = np.zeros((padded, 4), np.int64)
    enlarged = weights.astype(np.int64).reshape(channels, 9, inputs // 4, 4)[..., :2].sum(axis=(1, 2, 3))
    for c, narrow in enumerate(layer.channels):
        bias = (int(biases[c]) - INPUT_OFFSETS[tile] * int(enlarged[c])) * narrow.scale
        constants[c] = bias & 0xFFFFFFFF, narrow.multiplier, narrow.addend, narrow.negative - narrow.addend
    kept = constants[:, : 4 if layer.signed else 3].reshape(padded // 4, -1)
    words = np.concatenate([blocks, kept], axis=1).ravel()
    return (words & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
