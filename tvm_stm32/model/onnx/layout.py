# SPDX-License-Identifier: Apache-2.0
"""How an ONNX value lies in memory: its axes as strided walks over a contiguous buffer.

ONNX is channels first, the network is channels last. A value keeps its ONNX shape and a `Layout` that says where each
element is; transposes and reshapes then change the layout alone, and data moves only where an operator needs it to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

#: ``(extent, stride)``: `extent` > 1 elements, `stride` elements apart
Run = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Layout:
    """A bijection from the elements of an ONNX value to the elements of a buffer.

    Each axis is a nest of runs, the outermost first; an axis of extent 1 has none. A channels-last feature map that
    was flattened is one axis of up to three runs: (C, 1), (H, W * C), (W, C).
    """

    axes: tuple[tuple[Run, ...], ...]

    @staticmethod
    def contiguous(shape: Sequence[int]) -> Layout:
        """Row-major."""
        axes: list[tuple[Run, ...]] = []
        stride = 1
        for extent in reversed(shape):
            axes.append(((extent, stride),) if extent > 1 else ())
            stride *= extent
        return Layout(tuple(reversed(axes)))

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the ONNX value."""
        return tuple(_extent(axis) for axis in self.axes)

    def transpose(self, permutation: Sequence[int]) -> Layout:
        """The layout of the value's transpose: axis i is the old axis ``permutation[i]``."""
        return Layout(tuple(self.axes[axis] for axis in permutation))

    def reshape(self, shape: Sequence[int]) -> Layout | None:
        """The layout of the value reshaped; None when the new axes cut across the runs."""
        runs = [run for axis in reversed(self.axes) for run in reversed(axis)]
        axes: list[tuple[Run, ...]] = []
        for extent in shape:
            axis: list[Run] = []
            while extent > 1:
                if not runs:
                    return None
                size, stride = runs.pop()
                if extent % size == 0:
                    axis.append((size, stride))
                    extent //= size
                elif size % extent == 0:
                    rest = size // extent
                    runs.append((rest, stride))
                    axis.append((extent, rest * stride))
                    extent = 1
                else:
                    return None
            axes.append(_merge(axis))
        return Layout(tuple(axes))

    def is_ordered(self, order: Sequence[int]) -> bool:
        """Whether the value with its axes in `order` is row-major in memory."""
        ordered = self.transpose(order)
        return ordered == Layout.contiguous(ordered.shape)

    def has_rows(self, axis: int) -> bool:
        """Whether the elements along the last axes, from `axis` on, are one contiguous block, and blocks in order.

        Within the block the elements may lie in any order.
        """
        rows = Layout(self.axes[:axis])
        size = int(np.prod(self.shape[axis:], dtype=np.int64))
        expected = Layout.contiguous((*rows.shape, size))
        return rows.axes == expected.axes[:axis]

    def offsets(self) -> npt.NDArray[np.int64]:
        """The place in the buffer of every element, in the value's shape."""
        places = np.zeros((), np.int64)
        for axis in self.axes:
            steps = np.zeros(1, np.int64)
            for extent, stride in axis:
                steps = (steps[:, None] + np.arange(extent, dtype=np.int64) * stride).reshape(-1)
            places = places[..., None] + steps
        return places

    def place(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """A constant of the value's shape as the flat buffer that this layout describes."""
        buffer = np.empty(values.size, values.dtype)
        buffer[self.offsets().reshape(-1)] = values.reshape(-1)
        return buffer

    def moves(self, order: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """How to make the value with its axes in `order` row-major.

        Returns:
            The buffer's shape in memory order, and the permutation of that shape which puts the elements right.
        """
        wanted = list(_merge(run for axis in order for run in self.axes[axis]))
        memory = sorted(range(len(wanted)), key=lambda i: -wanted[i][1])
        permutation = tuple(memory.index(i) for i in range(len(wanted)))
        return tuple(wanted[i][0] for i in memory), permutation


def _extent(axis: Iterable[Run]) -> int:
    extent = 1
    for size, _ in axis:
        extent *= size
    return extent


def _merge(runs: Iterable[Run]) -> tuple[Run, ...]:
    """Joins runs that walk the buffer as one."""
    merged: list[Run] = []
    for extent, stride in runs:
        if merged and merged[-1][1] == extent * stride:
            extent *= merged.pop()[0]
        merged.append((extent, stride))
    return tuple(merged)


def channels_last(rank: int) -> tuple[int, ...]:
    """The order of axes that puts the channels (axis 1) last; the identity for less than three axes."""
    return (0, *range(2, rank), 1) if rank > 2 else tuple(range(rank))


def inverse(permutation: Sequence[int]) -> tuple[int, ...]:
    """The permutation that undoes `permutation`."""
    return tuple(permutation.index(axis) for axis in range(len(permutation)))
