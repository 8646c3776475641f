# SPDX-License-Identifier: Apache-2.0
"""How a kernel may write over an input: what its order of access allows.

A kernel that writes its output from the front to the back, and after `w` written bytes reads no byte of an input below
`r(w)`, computes the same when both share memory, as long as no written byte is one that is still to be read:
``output + w <= input + r(w)`` for every `w`. So one number tells which places are allowed: the least distance from the
output's start up to the input's start. A kernel that works from the back to the front has a greatest distance instead.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Distances:
    """Bytes from the start of what is written up to the start of what is read: from `least` to `most`, where they are
    given, in multiples of `step`."""

    least: int | None = None
    most: int | None = None
    step: int = 1

    def allow(self, distance: int) -> bool:
        """Whether the two may share memory at `distance`."""
        low = self.least is None or distance >= self.least
        return low and (self.most is None or distance <= self.most) and distance % self.step == 0

    def upwards(self, distance: int, alignment: int) -> int | None:
        """The first allowed multiple of `alignment` from `distance` on, or None."""
        step = math.lcm(self.step, alignment)
        low = distance if self.least is None else max(distance, self.least)
        found = -(-low // step) * step
        return found if self.most is None or found <= self.most else None

    def downwards(self, distance: int, alignment: int) -> int | None:
        """The first allowed multiple of `alignment` from `distance` down, or None."""
        step = math.lcm(self.step, alignment)
        high = distance if self.most is None else min(distance, self.most)
        found = high // step * step
        return found if self.least is None or found >= self.least else None


#: every input value is read before anything is written
ANYWHERE = Distances()


@dataclass(frozen=True, slots=True)
class Overlap:
    """The output or scratch at position `written` of a kernel's arguments may overlap the input at position `read`."""

    written: int
    read: int
    distances: Distances


def reading_from(first: npt.NDArray[np.int64], item_size: int) -> Distances:
    """Of a kernel that writes its output value by value, the n-th after it has read the input from ``first[n]`` on."""
    later = np.minimum.accumulate(first[::-1])[::-1][1:]
    if not later.size:
        return ANYWHERE
    return Distances(least=item_size * int((np.arange(1, len(first)) - later).max()))


def element_by_element(elements: int, read_size: int, written_size: int) -> Distances:
    """Of a loop that reads `elements` values of `read_size` bytes and writes each result before it reads the next."""
    growth = written_size - read_size
    return Distances(least=growth * (elements - 1) if growth > 0 else growth)
