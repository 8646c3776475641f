# SPDX-License-Identifier: Apache-2.0
"""Window arithmetic shared by the convolution and pooling kernels, and the order in which windows read their input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from tvm.script import tirx as T

from tvm_stm32.kernels.overlap import ANYWHERE, Distances


@dataclass(frozen=True, slots=True)
class Convolution:
    """Shapes without the batch: `x` (H, W, C), `y` (H, W, C), `kernel` (H, W); `padding` is (top, left)."""

    x: tuple[int, int, int]
    y: tuple[int, int, int]
    kernel: tuple[int, int]
    strides: tuple[int, int]
    dilations: tuple[int, int]
    padding: tuple[int, int]

    def describe_shapes(self) -> str:
        """All of them in a line, for the comment above the C function."""
        (kh, kw), (sh, sw), (dh, dw) = self.kernel, self.strides, self.dilations
        dilation = f", dilation {dh}x{dw}" if (dh, dw) != (1, 1) else ""
        return (
            f"x {list(self.x)}, y {list(self.y)}, kernel {kh}x{kw}, stride {sh}x{sw},"
            f" padding {self.padding[0]}, {self.padding[1]} (top, left){dilation}"
        )


def first_tap(origin: Any, dilation: int, padded: bool) -> Any:
    """The first kernel tap that reads inside the input, for a window that starts at `origin` (may be negative)."""
    if not padded:
        return 0
    if dilation == 1:
        return T.max(0, -origin)
    return T.max(0, T.floordiv(dilation - 1 - origin, dilation))


def last_tap(origin: Any, dilation: int, kernel: int, size: int, padded: bool) -> Any:
    """One past the last kernel tap that reads inside an input of `size`."""
    if not padded:
        return kernel
    if dilation == 1:
        return T.min(kernel, size - origin)
    return T.min(kernel, T.floordiv(size - origin + dilation - 1, dilation))


def reads_padding(size: int, output: int, kernel: int, stride: int, dilation: int, before: int) -> bool:
    """Whether any window along one axis reaches outside the input."""
    return before > 0 or (output - 1) * stride - before + (kernel - 1) * dilation >= size


def laid_down(
    x: tuple[int, int, int],
    y: tuple[int, int, int],
    weights: npt.NDArray[Any],
    strides: tuple[int, int],
    dilations: tuple[int, int],
    padding: tuple[int, int],
) -> tuple[Any, ...]:
    """The same arguments for a convolution (weights OHWI) of one column as one of a row, else as they are."""
    if x[1] == y[1] == weights.shape[2] == 1:
        x, y, weights = (1, x[0], x[2]), (1, y[0], y[2]), weights.swapaxes(1, 2)
        strides, dilations, padding = strides[::-1], dilations[::-1], padding[::-1]
    return x, y, weights, strides, dilations, padding


@dataclass(frozen=True, slots=True)
class WindowOrder:
    """The access order of kernels that compute pixel by pixel, row by row: `x`, `y` (H, W), padding (top, left)."""

    x: tuple[int, int]
    y: tuple[int, int]
    strides: tuple[int, int]
    padding: tuple[int, int]

    def distances(self, read: int, written: int, last: int, item_size: int, pixels: int = 1) -> Distances:
        """How the output may overlap an input of which every block of output channels reads all channels.

        Args:
            read: channels of an input pixel.
            written: channels of an output pixel.
            last: the first channel of the last block that is computed of an output pixel.
            item_size: bytes of a value.
            pixels: neighbours of a row that are computed together, block by block.
        """
        first, later = self._pixels()
        together = np.arange(len(first)) // self.y[1] * self.y[1] + np.arange(len(first)) % self.y[1] // pixels * pixels
        first = first[together]
        outputs = np.arange(len(first)) * written + last
        return Distances(least=item_size * int((outputs - np.minimum(first, later) * read).max()))

    def distances_by_channel(self, channels: int, last: int, item_size: int) -> Distances:
        """How the output may overlap the input where a channel is computed from the same channel of the input."""
        first, later = self._pixels()
        pixels = np.arange(len(first))
        own = int((pixels - first).max()) * channels
        return Distances(least=item_size * int(((pixels - later) * channels + last)[:-1].max(initial=own)))

    def _pixels(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """For each output pixel, the first input pixel that it reads, and the first that any later one reads."""
        rows = np.maximum(np.arange(self.y[0]) * self.strides[0] - self.padding[0], 0)
        columns = np.maximum(np.arange(self.y[1]) * self.strides[1] - self.padding[1], 0)
        first = (rows[:, None] * self.x[1] + columns).ravel()
        later = np.minimum.accumulate(first[::-1])[::-1]
        return first, np.append(later[1:], self.x[0] * self.x[1])


@dataclass(frozen=True, slots=True)
class PixelRuns:
    """1x1 convolution by runs of pixels: of all, or of each row if a stride leaves some out. Shapes are (H, W, C).

    A run is read as a whole before any of it is written.
    """

    x: tuple[int, int, int]
    y: tuple[int, int, int]
    strides: tuple[int, int]

    @property
    def rows(self) -> int:
        """How often there are the same pixels."""
        return self.y[0] if self.strides != (1, 1) else 1

    @property
    def pixels(self) -> int:
        """Output pixels that follow each other."""
        return self.y[1] if self.strides != (1, 1) else self.y[0] * self.y[1]

    @property
    def backwards(self) -> bool:
        """Whether runs are computed from the last to the first, so that a growing output can start where x does."""
        return self.strides == (1, 1) and self.y[2] > self.x[2]

    def distances(self, firsts: Sequence[int]) -> Distances:
        """How the output may overlap x, if runs start at pixels `firsts`."""
        if len(firsts) * self.rows == 1:
            return ANYWHERE
        if self.backwards:
            return Distances(most=firsts[1] * (self.y[2] - self.x[2]))
        (sy, sx), width = self.strides, self.y[1]
        starts = np.array([(row, first) for row in range(self.rows) for first in firsts])
        read = (starts[:, 0] * sy * self.x[1] + starts[:, 1] * sx) * self.x[2]
        written = (starts[:, 0] * width + starts[:, 1]) * self.y[2]
        return Distances(least=int((written - read)[1:].max()))
