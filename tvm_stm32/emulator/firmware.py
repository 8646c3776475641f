# SPDX-License-Identifier: Apache-2.0
"""What an emulator must know of an ELF file: its symbols, the memory it occupies, and what is loaded there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from tvm_stm32.device.part import Part
from tvm_stm32.errors import ToolError


@dataclass(frozen=True, slots=True)
class Symbol:
    """A function or object: `address` without the Thumb bit, `size` in bytes."""

    name: str
    address: int
    size: int


@dataclass(frozen=True, slots=True)
class Section:
    """`size` bytes at `address` that the program occupies in memory; it reads them, and `access` has "w" and "x" where
    it writes them or runs them."""

    name: str
    address: int
    size: int
    access: str = "r"


@dataclass(frozen=True, slots=True)
class Content:
    """What a programmer writes to `address` for the section `name`, which may lie elsewhere when the firmware runs."""

    name: str
    address: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Firmware:
    """An ELF file for Arm."""

    path: Path
    symbols: dict[str, Symbol]
    sections: list[Section]
    contents: list[Content]

    def address(self, symbol: str) -> int:
        """The address of `symbol`.

        Raises:
            ToolError: there is no such symbol.
        """
        if symbol not in self.symbols:
            raise ToolError(
                f"no symbol '{symbol}'", str(self.path), "define it as a global function that is called and not inlined"
            )
        return self.symbols[symbol].address

    def describe(self, address: int) -> str:
        """`address` as "0x08000123 in main", or without a name when no symbol covers it."""
        covering = (s for s in self.symbols.values() if s.address <= address < s.address + s.size)
        symbol = min(covering, key=lambda symbol: (symbol.size, symbol.name), default=None)
        return f"0x{address:08x}" + (f" in {symbol.name}" if symbol else "")

    def overflow(self, stack_pointer: int) -> str:
        """That a fault with this stack pointer is a stack overflow, as the end of "the firmware ..."; else empty."""
        limit = self.symbols.get("__stack_limit")
        if limit and stack_pointer < limit.address:
            return f"overflowed its stack, which ends at 0x{limit.address:08x}"
        return ""

    def homeless(self, board: Part) -> Section | None:
        """The first section that `board` has no memory for, to run or to be loaded; None: it has for all."""
        loaded = (Section(content.name, content.address, len(content.data)) for content in self.contents)
        return next((s for s in (*self.sections, *loaded) if not board.holds(s.address, s.size)), None)

    def check_fits(self, board: Part) -> None:
        """Emulators may ignore writes to memory that a board has not; this says so before anything runs.

        Raises:
            ToolError: `board` has no memory for a section.
        """
        section = self.homeless(board)
        if section:
            raise ToolError(
                f"{board.name} has no memory for section {section.name}, {section.size} bytes at"
                f" 0x{section.address:08x}",
                str(self.path),
                "it has " + ", ".join(f"{r.size} bytes at 0x{r.start:08x} ({r.name})" for r in board.memory),
            )


def read_firmware(path: Path) -> Firmware:
    """Read the ELF file at `path`.

    Raises:
        ToolError: it cannot be read, or is no ELF file for Arm.
    """
    with _elf_file(path) as elf:
        symbols = {
            symbol.name: Symbol(symbol.name, symbol["st_value"] & ~1, symbol["st_size"])
            for table in elf.iter_sections()
            if isinstance(table, SymbolTableSection)
            for symbol in table.iter_symbols()
            if symbol.name and symbol["st_info"]["type"] in ("STT_FUNC", "STT_OBJECT", "STT_NOTYPE")
        }
        sections = [
            Section(section.name, section["sh_addr"], section["sh_size"], _access(section["sh_flags"]))
            for section in elf.iter_sections()
            if section["sh_flags"] & SH_FLAGS.SHF_ALLOC and section["sh_size"]
        ]
        segments = [segment for segment in elf.iter_segments() if segment["p_type"] == "PT_LOAD"]
        contents = [
            Content(section.name, section["sh_addr"] + segment["p_paddr"] - segment["p_vaddr"], section.data())
            for section in elf.iter_sections()
            if section["sh_type"] != "SHT_NOBITS" and section["sh_flags"] & SH_FLAGS.SHF_ALLOC and section["sh_size"]
            for segment in segments
            if segment.section_in_segment(section)
        ]
    return Firmware(path, symbols, sections, contents)


def _access(flags: int) -> str:
    return "r" + "w" * bool(flags & SH_FLAGS.SHF_WRITE) + "x" * bool(flags & SH_FLAGS.SHF_EXECINSTR)


@contextmanager
def _elf_file(path: Path) -> Iterator[ELFFile]:
    try:
        with path.open("rb") as file:
            elf = ELFFile(file)
            if elf["e_machine"] != "EM_ARM":
                raise ToolError("this program is not for Arm", str(path))
            yield elf
    except OSError as error:
        raise ToolError(f"cannot read the program: {error.strerror}", str(path)) from error
    except ELFError as error:
        raise ToolError(f"this is no ELF file: {error}", str(path)) from error
