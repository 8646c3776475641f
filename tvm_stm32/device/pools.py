# SPDX-License-Identifier: Apache-2.0
"""Memory pools of a part: all its memories, or those that a file names, with what the part knows of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tvm_stm32.device.linker_script import default_stack_size, linker_regions
from tvm_stm32.device.part import FROM_PART, MemoryRegion, Part
from tvm_stm32.errors import SettingsError
from tvm_stm32.memory.pool_file import PoolEntry, byte_count, read_pool_file
from tvm_stm32.memory.pools import LEAST_ALIGNMENT, Pool, check_pools

#: memories next to the core, by the beginning of their names: faster than the RAM, and not reached by most DMA
_CORE_COUPLED = ("CCM", "DTCM")
#: memories for other purposes: instructions, or what must outlive a reset
_RESERVED = ("ITCM", "BACKUP", "BKPSRAM", "EEPROM", "VECTORS")


def memory_pools(source: str, part: Part | None) -> tuple[Pool, ...]:
    """The pools of the file called `source`, or of the part itself where that is "part".

    Raises:
        SettingsError: there is no part to ask, the file is wrong, a memory is unknown, or pools overlap.
    """
    if source != FROM_PART:
        return resolve(read_pool_file(Path(source)), part, source)
    if part is None:
        raise SettingsError("the pools of which part?", "--memory-pools", "--part STM32H743ZIT6, or name a file")
    return part_pools(part)


def part_pools(part: Part) -> tuple[Pool, ...]:
    """A pool for each memory of `part` that programs use: those next to the core, its RAM, the others, its flash.

    In those next to the core, which DMA mostly cannot reach, no input or output lies. Of the RAM the stack is left out.
    """
    regions = [region for region in linker_regions(part) if not region.name.startswith(_RESERVED)]
    regions.sort(key=lambda region: (region.name == "FLASH", not region.name.startswith(_CORE_COUPLED)))
    entries = [
        PoolEntry(
            name=region.name,
            memory=region.name,
            size=region.size - (default_stack_size(part) if region.start == part.ram.start else 0),
            internal=region.name.startswith(_CORE_COUPLED),
        )
        for region in regions
    ]
    return resolve(entries, part, part.name)


def resolve(entries: Sequence[PoolEntry], part: Part | None, where: str) -> tuple[Pool, ...]:
    """`entries` with everything filled in.

    Args:
        entries: the pools, the faster first where they have no rank.
        part: whose memories they may name.
        where: the file they are from, for messages.

    Raises:
        SettingsError: see `memory_pools`.
    """
    pools = tuple(_pool(entry, rank, part, where) for rank, entry in enumerate(entries))
    check_pools(pools, where)
    return pools


def _pool(entry: PoolEntry, rank: int, part: Part | None, where: str) -> Pool:
    place = f"{where}, pool {entry.name}"
    region = _region(entry, part, place) if entry.memory else None
    address = byte_count(entry.address, place) if entry.address is not None else region.start if region else -1
    size = byte_count(entry.size, place) if entry.size is not None else _rest(region, address)
    kind = entry.kind or ("flash" if region and "w" not in region.access else "ram")
    pool = Pool(
        name=entry.name.lower(),
        kind=kind,
        address=address,
        size=size,
        section=entry.section,
        memory=region.name if region else "",
        alignment=LEAST_ALIGNMENT if entry.alignment is None else byte_count(entry.alignment, place),
        speed=rank if entry.speed is None else entry.speed,
        internal=bool(entry.internal),
        weights=kind == "flash" if entry.holds is None else "weights" in entry.holds,
        linked=entry.linked,
        scripted=part is not None and address in (part.ram.start, part.flash.start),
    )
    if region and size > 0 and not region.holds(address, size):
        what = f"{pool.describe()} is not inside {region.name} of {region.size:,} bytes at 0x{region.start:08x}"
        raise SettingsError(what, place)
    return pool


def _region(entry: PoolEntry, part: Part | None, place: str) -> MemoryRegion:
    if part is None:
        raise SettingsError(f"whose memory {entry.memory} is it?", place, "compile for a --part, or give an address")
    regions = linker_regions(part)
    found = next((region for region in regions if region.name == entry.memory.upper()), None)
    if found is None:
        known = ", ".join(f"{region.name} ({region.size:,} bytes)" for region in regions)
        raise SettingsError(f"{part.name} has no memory {entry.memory!r}", place, f"it has {known}")
    return found


def _rest(region: MemoryRegion | None, address: int) -> int:
    """Bytes of a memory from `address` on."""
    return region.end - address if region else -1
