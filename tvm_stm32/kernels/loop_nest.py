# SPDX-License-Identifier: Apache-2.0
"""Nested loops over arrays that each have their own strides, merged into as few loops as the strides allow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Strides = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LoopNest:
    """`extents` of the loops, outermost first, and for each array the elements to step per loop.

    There are at least three loops; TVM drops those of extent 1.
    """

    extents: tuple[int, ...]
    strides: tuple[Strides, ...]

    @staticmethod
    def of(extents: Sequence[int], *strides: Sequence[int]) -> LoopNest:
        """The merged nest: loops of extent 1 go, and neighbours that every array walks evenly become one."""
        loops: list[tuple[int, ...]] = []
        for extent, *steps in zip(extents, *strides, strict=True):
            if extent == 1:
                continue
            if loops and all(outer == step * extent for outer, step in zip(loops[-1][1:], steps, strict=True)):
                loops[-1] = (loops[-1][0] * extent, *steps)
            else:
                loops.append((extent, *steps))
        missing = [(1,) + (0,) * len(strides)] * (3 - len(loops))
        columns = tuple(zip(*missing, *loops, strict=True))
        return LoopNest(columns[0], columns[1:])

    @property
    def elements(self) -> int:
        """How often the innermost body runs."""
        return math.prod(self.extents)

    def span(self, array: int) -> int:
        """Elements from the first to the last one that is touched of an array, both included."""
        steps = zip(self.extents, self.strides[array], strict=True)
        return 1 + sum((extent - 1) * step for extent, step in steps)

    def describe(self) -> str:
        """Such as ``64 x 16``."""
        return " x ".join(str(extent) for extent in self.extents if extent > 1) or "1"


def contiguous(shape: Sequence[int]) -> Strides:
    """Strides of a row-major array, in elements."""
    strides: list[int] = []
    step = 1
    for extent in reversed(shape):
        strides.insert(0, step)
        step *= extent
    return tuple(strides)


def broadcast(shape: Sequence[int], target: Sequence[int]) -> Strides:
    """Strides of a row-major array of `shape` that NumPy's rules stretch to `target`: 0 along stretched axes."""
    own = contiguous(shape)
    missing = len(target) - len(shape)
    return (0,) * missing + tuple(0 if extent == 1 else step for extent, step in zip(shape, own, strict=True))


def offset(indices: Sequence[Any], strides: Sequence[int]) -> Any:
    """TIR: the element that `indices` of the loops select."""
    position: Any = 0
    for index, stride in zip(indices, strides, strict=True):
        position = position + index * stride
    return position
