# SPDX-License-Identifier: Apache-2.0
"""What the planner places."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Buffer:
    """`size` bytes, live from the start of call `first` to the end of call `last`."""

    name: str
    size: int
    first: int
    last: int

    def overlaps(self, other: Buffer) -> bool:
        """Whether both live during some call."""
        return self.first <= other.last and other.first <= self.last


def aligned(size: int, alignment: int) -> int:
    """`size` rounded up to a multiple of `alignment`."""
    return -(-size // alignment) * alignment
