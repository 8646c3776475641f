# SPDX-License-Identifier: Apache-2.0
"""What the emulator must know of an ELF file: its symbols and the memory it occupies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from tvm_stm32.errors import ToolError


@dataclass(frozen=True, slots=True)
class Symbol:
    """A function or object: `address` without the Thumb bit, `size` in bytes."""

    name: str
    address: int
    size: int


@dataclass(frozen=True, slots=True)
class Section:
    """`size` bytes at `address` that the program occupies in memory."""

    name: str
    address: int
    size: int


@dataclass(frozen=True, slots=True)
class Firmware:
    """An ELF file for Arm."""

    path: Path
    symbols: dict[str, Symbol]
    sections: list[Section]

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


def read_firmware(path: Path) -> Firmware:
    """Read the symbols and the occupied sections of the ELF file at `path`.

    Raises:
        ToolError: it cannot be read, or is no ELF file for Arm.
    """
    try:
        with path.open("rb") as file:
            elf = ELFFile(file)
            if elf["e_machine"] != "EM_ARM":
                raise ToolError("this program is not for Arm", str(path))
            symbols = {
                symbol.name: Symbol(symbol.name, symbol["st_value"] & ~1, symbol["st_size"])
                for table in elf.iter_sections()
                if isinstance(table, SymbolTableSection)
                for symbol in table.iter_symbols()
                if symbol.name and symbol["st_info"]["type"] in ("STT_FUNC", "STT_OBJECT", "STT_NOTYPE")
            }
            sections = [
                Section(section.name, section["sh_addr"], section["sh_size"])
                for section in elf.iter_sections()
                if section["sh_flags"] & SH_FLAGS.SHF_ALLOC and section["sh_size"]
            ]
    except OSError as error:
        raise ToolError(f"cannot read the program: {error.strerror}", str(path)) from error
    except ELFError as error:
        raise ToolError(f"this is no ELF file: {error}", str(path)) from error
    return Firmware(path, symbols, sections)
