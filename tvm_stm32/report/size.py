# SPDX-License-Identifier: Apache-2.0
"""How much of a part's flash and RAM a program takes, by kind, from the sections of its ELF file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from tvm_stm32.device.linker_script import linker_regions
from tvm_stm32.device.part import MemoryRegion, Part
from tvm_stm32.errors import ToolError


@dataclass(frozen=True, slots=True)
class Use:
    """`size` bytes of one kind, such as "weights"."""

    kind: str
    size: int


@dataclass(frozen=True, slots=True)
class RegionUse:
    """What lies in a memory region: each kind once, in the order of `KINDS`."""

    region: MemoryRegion
    uses: tuple[Use, ...]

    @property
    def used(self) -> int:
        """Bytes that are taken, without gaps."""
        return sum(use.size for use in self.uses)


#: Sections of the generated linker script -> kind; others go by their flags. "stack" is what is reserved for it.
_SECTION_KINDS = {
    ".weights": "weights",
    ".activations": "activations",
    ".stack": "stack",
    ".vectors": "text",
    ".startup": "constants",
}
#: arrays and constants of models, in pools too
_ACTIVATIONS = re.compile(r"_activations(_\w+)?$")
_WEIGHTS = re.compile(r"(\.rodata)?\.\w+_weights(_\w+)?$")
#: addresses at which every Cortex-M has memory outside of the part, if any
_EXTERNAL = MemoryRegion("EXTERNAL", 0x60000000, 0x40000000, "rwx")
KINDS = ("text", "constants", "weights", "data", "activations", "bss", "stack")


def read_sizes(elf: Path, part: Part) -> list[RegionUse]:
    """The use of each region of `part` that the program at `elf` has something in, and of FLASH and RAM always.

    Initialised data count twice: in RAM, and in flash, where the start-up copies them from.

    Raises:
        ToolError: `elf` cannot be read, is no ELF file, or lies outside the part's memory.
    """
    regions = [*linker_regions(part), _EXTERNAL]
    sizes: dict[tuple[str, str], int] = {}
    try:
        with elf.open("rb") as file:
            for name, kind, size, addresses in _occupied(ELFFile(file)):
                for address in addresses:
                    region = next((region for region in regions if region.holds(address, size)), None)
                    if region is None:
                        raise ToolError(
                            f"{part.name} has no memory for section {name}, {size} bytes at 0x{address:08x}",
                            str(elf),
                            "was it linked for another part?",
                        )
                    sizes[region.name, kind] = sizes.get((region.name, kind), 0) + size
    except OSError as error:
        raise ToolError(f"cannot read the program: {error.strerror}", str(elf)) from error
    except ELFError as error:
        raise ToolError(f"this is no ELF file: {error}", str(elf)) from error
    uses = {
        region: tuple(Use(kind, sizes[region.name, kind]) for kind in KINDS if (region.name, kind) in sizes)
        for region in regions
    }
    return [RegionUse(region, uses[region]) for region in regions if uses[region] or region.name in ("FLASH", "RAM")]


def _occupied(elf: ELFFile) -> list[tuple[str, str, int, list[int]]]:
    """Name, kind, bytes and addresses of each section that takes memory; loaded data have two addresses."""
    segments = [segment for segment in elf.iter_segments() if segment["p_type"] == "PT_LOAD"]
    occupied = []
    for section in elf.iter_sections():
        flags, size = section["sh_flags"], section["sh_size"]
        if not flags & SH_FLAGS.SHF_ALLOC or not size:
            continue
        addresses = [section["sh_addr"]]
        loaded = section["sh_type"] != "SHT_NOBITS"
        for segment in segments:
            if loaded and segment.section_in_segment(section) and segment["p_paddr"] != segment["p_vaddr"]:
                addresses.append(section["sh_addr"] - segment["p_vaddr"] + segment["p_paddr"])
        occupied.append((section.name, kind_of(section.name, flags, loaded), size, addresses))
    return occupied


def kind_of(name: str, flags: int, loaded: bool) -> str:
    """The kind of a section, of a program or of an object file; `loaded`: whether the file has its bytes."""
    if name in _SECTION_KINDS:
        return _SECTION_KINDS[name]
    if _ACTIVATIONS.search(name):
        return "activations"
    if _WEIGHTS.match(name):
        return "weights"
    if not loaded:
        return "bss"
    if flags & SH_FLAGS.SHF_WRITE:
        return "data"
    return "text" if flags & SH_FLAGS.SHF_EXECINSTR else "constants"


def size_table(uses: list[RegionUse]) -> str:
    """`uses` as lines of plain text: bytes and percent of the region, by kind, used and free."""
    lines = []
    for use in uses:
        region = use.region
        lines.append(f"{region.name:<14}{region.size:>11,}  at 0x{region.start:08x}")
        rows = [*use.uses, Use("used", use.used), Use("free", region.size - use.used)]
        lines += [f"  {row.kind:<12}{row.size:>11,}  {100 * row.size / region.size:5.1f} %" for row in rows]
    return "\n".join(lines)
