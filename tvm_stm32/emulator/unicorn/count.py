# SPDX-License-Identifier: Apache-2.0
"""Instructions between marks, counted by blocks: the numbers are those of QEMU's plug-in (``count.c``).

Unicorn tells of each block of straight code before it runs, and what it has begun it finishes, unless the run ends
there. So the instructions of a block are counted once, by its bytes, and then only summed up. Its hook for single
instructions would not do: it passes over those whose condition fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unicorn import Uc


class Counter:
    """`counts` has the instructions of each interval from the one at `begin` to the one at `end`."""

    def __init__(self, processor: Uc, begin: int, end: int) -> None:
        from unicorn import UC_HOOK_BLOCK

        self.counts: list[int] = []
        self._processor = processor
        self._begin, self._end = begin, end
        self._lengths: dict[tuple[int, int], int] = {}  # of blocks that have run, and have no mark
        self._executed = 0
        self._at_begin: int | None = None
        processor.hook_add(UC_HOOK_BLOCK, self._block)

    def _block(self, processor: Uc, address: int, size: int, data: object) -> None:  # noqa: ARG002 - Unicorn's
        try:
            self._executed += self._lengths[address, size]
        except KeyError:
            self._read(address, size)

    def _read(self, address: int, size: int) -> None:
        """Count a block instruction by instruction."""
        instructions = list(self._instructions(address, size))
        if self._begin not in instructions and self._end not in instructions:
            self._lengths[address, size] = len(instructions)
        for instruction in instructions:
            if instruction == self._end and self._at_begin is not None:
                self.counts.append(self._executed - self._at_begin)
                self._at_begin = None
            if instruction == self._begin:
                self._at_begin = self._executed
            self._executed += 1

    def _instructions(self, address: int, size: int) -> Iterator[int]:
        """The address of each in a block; one of two halfwords begins with 0b11101, 0b11110 or 0b11111."""
        code = self._processor.mem_read(address, size)
        position = 0
        while position < size:
            yield address + position
            position += 4 if code[position + 1] >= 0xE8 else 2
