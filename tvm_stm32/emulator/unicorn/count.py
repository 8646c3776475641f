# SPDX-License-Identifier: Apache-2.0
"""Instructions between marks, counted by blocks: the numbers are those of QEMU's plug-in (``count.c``).

Unicorn tells of each block of straight code before it runs, and what it has begun it finishes, unless the run ends
there. So the instructions of a block are counted once, by its bytes, and then only summed up. Its hook for single
instructions would not do: it leaves out those whose condition fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unicorn import Uc


class Counter:
    """`counts` has the instructions of each interval from the one at `begin` to the one at `end`."""

    def __init__(self, processor: Uc, begin: int, end: int) -> None:
        from unicorn import UC_HOOK_BLOCK, UC_HOOK_CODE

        self.counts: list[int] = []
        self._processor = processor
        self._lengths: dict[tuple[int, int], int] = {}
        self._begun = 0  # instructions in all blocks so far, the present one included
        self._block_end = 0
        self._at_begin: int | None = None
        processor.hook_add(UC_HOOK_BLOCK, self._block)
        processor.hook_add(UC_HOOK_CODE, self._begin, begin=begin, end=begin)
        processor.hook_add(UC_HOOK_CODE, self._end, begin=end, end=end)

    def _block(self, processor: Uc, address: int, size: int, data: object) -> None:  # noqa: ARG002 - Unicorn's
        block = (address, size)
        try:
            self._begun += self._lengths[block]
        except KeyError:
            self._lengths[block] = self._length(address, size)
            self._begun += self._lengths[block]
        self._block_end = address + size

    def _begin(self, processor: Uc, address: int, size: int, data: object) -> None:  # noqa: ARG002
        self._at_begin = self._executed(address)

    def _end(self, processor: Uc, address: int, size: int, data: object) -> None:  # noqa: ARG002
        if self._at_begin is not None:
            self.counts.append(self._executed(address) - self._at_begin)
            self._at_begin = None

    def _executed(self, address: int) -> int:
        """Instructions before the one at `address`, which is in the present block."""
        return self._begun - self._length(address, self._block_end - address)

    def _length(self, address: int, size: int) -> int:
        """Thumb instructions in `size` bytes; one of two halfwords begins with 0b11101, 0b11110 or 0b11111."""
        code = self._processor.mem_read(address, size)
        count = position = 0
        while position < size:
            position += 4 if code[position + 1] >= 0xE8 else 2
            count += 1
        return count
