# SPDX-License-Identifier: Apache-2.0
"""STM32 parts by number: core, memories and interrupts, from the data that `tvm_stm32.device.database` reads."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass

from tvm_stm32.device import database
from tvm_stm32.device.core import Core, compiler_flags, find_core
from tvm_stm32.errors import SettingsError

#: what stands for the memories of the part in place of a file of memory pools
FROM_PART = "part"

#: A number up to the letter of its flash, and behind that package, temperature range and options.
_STEM = re.compile(r"(stm32(?:wba..|....)[a-z][0-9a-wyz])[a-z]\d.{0,4}")

#: Processors that are asked for as parts are: the beginning of their numbers -> why there is none, and what to do.
_NO_PART = {
    "stm32mp13": ("an STM32MP13 has no Cortex-M", "STM32MP15 has a Cortex-M4"),
    "stm32mp2": (
        "the memory of an STM32MP2's Cortex-M33 is what the device tree of its Linux leaves to it",
        "compile for --cpu cortex-m33, and link by the script of its project",
    ),
}

#: Memory that is lost, shared or not byte-addressable as ordinary RAM is: never the main RAM.
_SPECIAL_MEMORY = ("backup", "bkpsram", "itcm", "eeprom")


@dataclass(frozen=True, slots=True)
class MemoryRegion:
    """`size` bytes at address `start`; `access` is a subset of "rwx" in that order."""

    name: str
    start: int
    size: int
    access: str

    @property
    def end(self) -> int:
        """The first address behind the region."""
        return self.start + self.size

    def holds(self, start: int, size: int = 1) -> bool:
        """True when `size` bytes at `start` lie in the region."""
        return self.start <= start and start + size <= self.end


@dataclass(frozen=True, slots=True)
class Interrupt:
    """A peripheral's entry in the vector table; `position` 0 follows the core's own 16 entries."""

    position: int
    name: str


@dataclass(frozen=True, slots=True)
class Part:
    """A part, or an emulated board: what a compiler, a linker script and a start-up need to know of it.

    `memory` has every region that the core can use, by address. `fpu` is an ``-mfpu`` name or None.
    """

    name: str
    core: Core
    fpu: str | None
    memory: tuple[MemoryRegion, ...]
    interrupts: tuple[Interrupt, ...] = ()

    @property
    def cpu(self) -> str:
        """The core's name, e.g. "cortex-m4"."""
        return self.core.cpu

    @property
    def float_abi(self) -> str:
        """ "hard" when the part has an FPU, else "soft"."""
        return "hard" if self.fpu else "soft"

    def holds(self, start: int, size: int) -> bool:
        """True when `size` bytes at `start` lie in memory, be it in several regions that touch."""
        behind = start
        for region in self.memory:
            if region.holds(behind):
                behind = region.end
        return start + size <= behind

    def compiler_flags(self, float_abi: str | None = None) -> list[str]:
        """Machine flags for this part; see `tvm_stm32.device.core.compiler_flags`."""
        return compiler_flags(self.core, self.fpu, float_abi)

    @property
    def flash(self) -> MemoryRegion:
        """Where programs are: the part's first flash, with the banks that follow without a gap, as "FLASH"."""
        banks = [region for region in self.memory if "w" not in region.access and region.name.startswith("flash")]
        return _runs(banks, "FLASH")[0]

    @property
    def vectors(self) -> MemoryRegion:
        """Where the core finds its vector table at reset: a memory of its own, "VECTORS", or else the flash."""
        own = (region for region in self.memory if region.name == "vectors")
        return next((MemoryRegion("VECTORS", region.start, region.size, region.access) for region in own), self.flash)

    @property
    def ram(self) -> MemoryRegion:
        """The main RAM: the largest piece of RAM without a gap, over neighbouring regions, as "RAM"."""
        blocks = [
            region for region in self.memory if "rwx" in region.access and not region.name.startswith(_SPECIAL_MEMORY)
        ]
        return max(_runs(blocks, "RAM"), key=lambda region: region.size)

    @property
    def other_ram(self) -> tuple[MemoryRegion, ...]:
        """Writable regions outside `ram`, named in capitals: CCM, DTCM, D2_SRAM1, BACKUP."""
        return tuple(
            MemoryRegion(region.name.upper(), region.start, region.size, region.access)
            for region in self.memory
            if "w" in region.access and not self.ram.holds(region.start, region.size)
        )


def find_part(name: str) -> Part:
    """The part called `name`, e.g. "STM32F405RGT6".

    Case, blanks and hyphens do not matter, and "STM32" may be left off. So may the end, or it may be more than the
    tables know (package, temperature, "TR" for tape and reel), and an "x" stands for any character, as in
    "STM32F405RGTx", as long as all parts meant are alike. Those with an option behind the temperature, such as the Z of
    STM32G431RBT6Z, are only meant where they are alike too.
    A part with two cores needs the core's name: "STM32H745ZIT6@m7".

    Raises:
        SettingsError: no part has that name, or parts meant by it differ in core or memory.
    """
    index = part_numbers()
    wanted = _plain(name)
    meant = _matches(wanted, index)
    if not meant:
        for number, (what, hint) in _NO_PART.items():
            if wanted.startswith(number):
                raise SettingsError(f"{what}, so there is no part '{name}'", "part", hint)
        near = [_display(number) for number in difflib.get_close_matches(wanted, index, n=5, cutoff=0.75)]
        hint = f"near it: {', '.join(near)}" if near else "e.g. STM32F405RGT6; `tvm-stm32 parts` lists them"
        raise SettingsError(f"there is no STM32 part '{name}'", "part", hint)
    cores = sorted({part.partition("@")[2] for part in meant})
    if len(cores) > 1:
        raise SettingsError(
            f"'{name}' has more than one core",
            "part",
            "say which: " + ", ".join(f"{_display(wanted)}@{core}" for core in cores),
        )
    parts = read_parts(tuple(meant))
    plain = [part for part in parts if part.name.partition("@")[0][-1].isdigit()]
    if not _alike(parts) and plain:
        parts = plain
    first = parts[0]
    if not _alike(parts):
        names = ", ".join(part.name for part in parts[:8])
        raise SettingsError(
            f"'{name}' stands for {len(parts)} parts that differ in core or memory",
            "part",
            f"say which: {names}{', ...' if len(parts) > 8 else ''}",
        )
    # No more is claimed than was asked for, and no tape-and-reel suffix is kept.
    return Part(min(_display(wanted), first.name, key=len), first.core, first.fpu, first.memory, first.interrupts)


def part_numbers() -> list[str]:
    """The number of every part, in lower case and in order; "@" and the core's name follow where there are two."""
    return sorted(database.part_numbers())


def read_parts(numbers: tuple[str, ...]) -> list[Part]:
    """The parts with these numbers, as `part_numbers` spells them, in order of their numbers."""
    drivers = database.read_drivers(numbers)
    return [_part(_display(number), drivers[number]) for number in sorted(numbers)]


def _alike(parts: list[Part]) -> bool:
    """Whether `parts` have the same core and memory."""
    return len({(part.core, part.fpu, part.memory) for part in parts}) == 1


def _runs(regions: list[MemoryRegion], name: str) -> list[MemoryRegion]:
    """Join regions that touch; each result is called `name`. In order of address."""
    runs: list[MemoryRegion] = []
    for region in sorted(regions, key=lambda region: region.start):
        if runs and runs[-1].end == region.start:
            runs[-1] = MemoryRegion(name, runs[-1].start, runs[-1].size + region.size, region.access)
        else:
            runs.append(MemoryRegion(name, region.start, region.size, region.access))
    return runs


def _plain(name: str) -> str:
    """`name` as `part_numbers` spells it: in lower case, without blanks and hyphens, with "stm32" before it."""
    plain = re.sub(r"[\s_-]", "", name.lower())
    return f"stm32{plain}" if re.match(r"(f|g|h|l|u|c|n|wb|wl|mp)\d|wba\d", plain) else plain


def _matches(name: str, index: list[str]) -> list[str]:
    """The parts that `name` means: itself, else those that begin with it, else the one it begins with, else those
    that are alike up to the flash."""
    if name in index:
        return [name]
    body, _, core = name.partition("@")
    if len(body) < len("stm32f405"):
        return []
    bodies = {part: part.partition("@")[0] for part in index}
    pattern = re.compile(re.escape(body).replace("x", "."))
    meant = sorted(part for part in index if pattern.match(bodies[part]))
    if not meant:
        longest = max((b for b in bodies.values() if body.startswith(b) and len(body) - len(b) <= 3), default="")
        meant = sorted(part for part in index if bodies[part] == longest)
    stem = _STEM.fullmatch(body)
    if not meant and stem:  # the same chip in a package, or for a temperature range, that no table has
        meant = sorted(part for part in index if bodies[part].startswith(stem[1]))
    return [part for part in meant if not core or part.endswith(f"@{core}")]


def _display(name: str) -> str:
    """In capitals, but for the name of a core: "STM32H745ZIT6@m7"."""
    body, at, core = name.partition("@")
    return body.upper() + at + core.lower()


def _part(name: str, driver: database.Driver) -> Part:
    """Make a `Part` from the driver "core" of a device."""
    memory: dict[tuple[int, int], MemoryRegion] = {}  # one memory may have two names, as itcm and itcm_ram
    for entry in sorted(driver["memory"], key=lambda entry: len(entry["name"])):
        if not entry["name"].endswith("_s"):
            start, size = int(entry["start"], 16), int(entry["size"])
            memory.setdefault((start, size), MemoryRegion(_region_name(entry["name"]), start, size, entry["access"]))
    interrupts: dict[int, str] = {}
    for entry in driver.get("vector", []):
        interrupts.setdefault(int(entry["position"]), entry["name"])
    return Part(
        name,
        find_core(driver["type"]),
        driver.get("fpu"),
        tuple(sorted(memory.values(), key=lambda region: region.start)),
        tuple(Interrupt(position, interrupts[position]) for position in sorted(interrupts)),
    )


def _region_name(name: str) -> str:
    """Without "_ns": with TrustZone off, as parts are delivered, the non-secure addresses are the ones in use."""
    return name.removesuffix("_ns")
