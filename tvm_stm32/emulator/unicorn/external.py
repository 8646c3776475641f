# SPDX-License-Identifier: Apache-2.0
"""Memory beside a part, such as a flash at its QUADSPI: the firmware says where, by what it has there."""

from __future__ import annotations

from dataclasses import replace

from tvm_stm32.device.part import MemoryRegion, Part
from tvm_stm32.emulator.firmware import Firmware

#: Unicorn maps memory by pages: behind one that ends within a page, the rest of the page is memory as well.
PAGE = 4096
#: Armv7-M's regions of external RAM, which is where STM32 map FMC, QUADSPI and OCTOSPI, and of external devices, SDRAM
_EXTERNAL = (range(0x60000000, 0xA0000000), range(0xC0000000, 0xE0000000))


def with_external(part: Part, firmware: Firmware) -> Part:
    """`part` with the pages of external memory that sections of `firmware` lie in, and the rights that those need.

    Nothing has to set up that memory first: its controller is not emulated.
    """
    pages: dict[int, set[str]] = {}
    for section in firmware.sections:
        if any(section.address in region for region in _EXTERNAL) and not part.holds(section.address, section.size):
            for page in range(section.address // PAGE, -(-(section.address + section.size) // PAGE)):
                pages.setdefault(page, set()).update(section.access)
    regions = [MemoryRegion("external memory", page * PAGE, PAGE, _in_order(pages[page])) for page in sorted(pages)]
    return replace(part, memory=tuple(sorted((*part.memory, *_joined(regions)), key=lambda region: region.start)))


def _in_order(access: set[str]) -> str:
    return "".join(letter for letter in "rwx" if letter in access)


def _joined(regions: list[MemoryRegion]) -> list[MemoryRegion]:
    """Neighbours with the same rights as one."""
    joined: list[MemoryRegion] = []
    for region in regions:
        if joined and joined[-1].end == region.start and joined[-1].access == region.access:
            joined[-1] = replace(joined[-1], size=joined[-1].size + region.size)
        else:
            joined.append(region)
    return joined
