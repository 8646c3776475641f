# SPDX-License-Identifier: Apache-2.0
"""How deep the main stack of a run was: it is painted before and looked at afterwards.

That costs the run nothing, where a hook on every write to the stack makes it several times slower and tells the same:
down to where it was written. What a function reserves below and never writes is not seen, nor is a stack of a task's
own (PSP). On hardware an exception takes 32 bytes more, 104 with the FPU in use, and what its handler needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tvm_stm32.device.part import Part
from tvm_stm32.emulator.firmware import Firmware
from tvm_stm32.emulator.result import Stack

if TYPE_CHECKING:
    from unicorn import Uc

_PAINT = b"\xa5"


class PaintedStack:
    """The memory below `top`, down to ``__stack_limit``, or, for want of that symbol, to what the linker placed there:
    a heap that grows between the two would be taken for stack."""

    def __init__(self, processor: Uc, part: Part, firmware: Firmware, top: int) -> None:
        self._processor = processor
        self._top = top
        self._bottom = min(top, _bottom(part, firmware, top))
        processor.mem_write(self._bottom, _PAINT * (top - self._bottom))

    def measure(self) -> Stack:
        """What was written since."""
        size = self._top - self._bottom
        content = bytes(self._processor.mem_read(self._bottom, size))
        return Stack(len(content.lstrip(_PAINT)), size)


def _bottom(part: Part, firmware: Firmware, top: int) -> int:
    limit = firmware.symbols.get("__stack_limit")
    if limit:
        return limit.address
    region = next((region for region in part.memory if region.holds(top - 1)), None)
    bottom = region.start if region else top
    for section in firmware.sections:
        if section.address < top <= section.address + section.size:
            return section.address
        if section.address + section.size <= top:
            bottom = max(bottom, section.address + section.size)
    return bottom
