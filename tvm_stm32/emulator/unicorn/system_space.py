# SPDX-License-Identifier: Apache-2.0
"""The private peripheral bus of a Cortex-M, 0xE0000000 to 0xE00FFFFF, as far as firmware needs it that computes.

A register reads as what was last written to it, be that a bit that hardware would clear or keep; before, as 0, but
for CPUID, AIRCR, CCR and FPCCR. So caches, MPU, priorities and CPACR can be set up; ITM is off, no debugger is
attached, and SysTick and the cycle counter of DWT stand still. A request for a reset, or for an exception (ICSR, STIR,
NVIC_ISPR), ends the run.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unicorn import Uc

BASE, SIZE = 0xE0000000, 0x00100000

_CPUID, _ICSR, _AIRCR, _CCR, _STIR, _FPCCR = 0xED00, 0xED04, 0xED0C, 0xED14, 0xEF00, 0xEF34
_NVIC_ISPR = range(0xE200, 0xE240)

#: CPUID of each core, in the revision that STM32 have or Arm ships.
_IDENTITIES = {
    "cortex-m0": 0x410CC200,
    "cortex-m0plus": 0x410CC601,
    "cortex-m1": 0x410CC210,
    "cortex-m3": 0x412FC230,
    "cortex-m4": 0x410FC241,
    "cortex-m7": 0x411FC270,
    "cortex-m23": 0x411CD200,
    "cortex-m33": 0x410FD213,
    "cortex-m35p": 0x410FD310,
}


class SystemSpace:
    """The registers. `problem` says why the run ended at one of them, as the end of "the firmware ..."; else empty."""

    def __init__(self, processor: Uc, cpu: str) -> None:
        self.problem = ""
        self._content = bytearray(SIZE)
        reset = {_CPUID: _IDENTITIES[cpu], _AIRCR: 0xFA050000, _CCR: 0x200, _FPCCR: 0xC0000000}
        for offset, value in reset.items():
            struct.pack_into("<I", self._content, offset, value)
        processor.mmio_map(BASE, SIZE, self._read, None, self._write, None)

    def _read(self, processor: Uc, offset: int, size: int, data: object) -> int:  # noqa: ARG002 - Unicorn's signature
        return int.from_bytes(self._content[offset : offset + size], "little")

    def _write(self, processor: Uc, offset: int, size: int, value: int, data: object) -> None:  # noqa: ARG002
        if offset == _AIRCR:
            if value >> 16 == 0x05FA and value & 0x4:
                self.problem = "asked for a reset (AIRCR)"
            value = 0xFA050000 | value & 0x700
        elif offset == _STIR or (value and (offset in _NVIC_ISPR or (offset == _ICSR and value & 0x94000000))):
            self.problem = "asked for an exception"
        self._content[offset : offset + size] = value.to_bytes(size, "little")
        if self.problem:
            processor.emu_stop()
