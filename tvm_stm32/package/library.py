# SPDX-License-Identifier: Apache-2.0
"""What a compiled static library demands and holds: its ABI, the symbols it leaves to others, constants inside it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile

from tvm_stm32.errors import SettingsError
from tvm_stm32.package.abi import Abi, read_abi
from tvm_stm32.package.archive import Member, read_archive

#: GCC's mark of an object that holds its intermediate code only, no machine code
_LTO_MARK = "__gnu_lto_slim"

#: how names begin that every C program has at hand: compiler helpers, memory and string functions
_ALWAYS_LINKED = ("_", "mem", "str")


@dataclass(frozen=True, slots=True)
class Library:
    """A static library of ELF objects."""

    path: Path
    abi: Abi
    defined: frozenset[str]  #: global symbols
    undefined: frozenset[str]  #: global symbols that it uses and does not define
    members: tuple[Member, ...]

    @property
    def needs_math(self) -> bool:
        """Whether it calls functions of libm: all that generated code and runtime use besides `_ALWAYS_LINKED`."""
        return any(not name.startswith(_ALWAYS_LINKED) for name in self.undefined)

    def constant(self, symbol: str) -> bytes | None:
        """The bytes of a global object with initial values; None when the library does not define it."""
        for member in self.members:
            elf = ELFFile(io.BytesIO(member.data))
            for entry in _global_symbols(elf):
                if entry.name == symbol and isinstance(entry["st_shndx"], int):
                    start = entry["st_value"]
                    content: bytes = elf.get_section(entry["st_shndx"]).data()
                    return content[start : start + entry["st_size"]]
        return None


def read_library(path: Path) -> Library:
    """Read a static library.

    Raises:
        SettingsError: it cannot be read, is no archive of ELF objects, is damaged, empty or without an index, holds
            objects for different machines or ABIs, or no machine code but a compiler's intermediate code.
    """
    archive = read_archive(path)
    abis: dict[Abi, str] = {}  # ABI -> the first member that has it
    defined: set[str] = set()
    used: set[str] = set()
    for member in archive.members:
        try:
            abi = read_abi(member.data)
            symbols = [
                (symbol.name, symbol["st_shndx"] != "SHN_UNDEF")
                for symbol in _global_symbols(ELFFile(io.BytesIO(member.data)))
            ]
        except Exception as error:  # a damaged file leads pyelftools to any exception
            raise SettingsError(
                f"the member {member.name} is no ELF object: {error}", str(path), "build the library again"
            ) from error
        if abi is not None:
            abis.setdefault(abi, member.name)
        defined.update(name for name, is_defined in symbols if is_defined)
        used.update(name for name, is_defined in symbols if not is_defined)
    _require_one_abi(path, abis)
    if defined and not archive.indexed:
        raise SettingsError(
            "the library has no index, so it cannot be linked",
            str(path),
            "create it with the ar that belongs to the compiler, such as arm-none-eabi-ar",
        )
    if _LTO_MARK in defined:
        raise SettingsError(
            "the library holds the compiler's intermediate code (-flto), which only the same compiler can link",
            str(path),
            "compile the library with -fno-lto or -ffat-lto-objects",
        )
    return Library(path, next(iter(abis)), frozenset(defined), frozenset(used - defined), archive.members)


def _require_one_abi(path: Path, abis: dict[Abi, str]) -> None:
    """Refuse a library without code, and one whose objects were compiled with different machine flags."""
    if not abis:
        raise SettingsError("the library holds no object file", str(path), "build the library again")
    if len(abis) > 1:
        (first, first_member), (second, second_member) = list(abis.items())[:2]
        raise SettingsError(
            f"its objects do not belong together: {first_member} is for {first}, {second_member} for {second}",
            str(path),
            "compile all of them with the same machine flags, and create the archive anew",
        )


def _global_symbols(elf: ELFFile) -> Iterator[Any]:
    """The global and weak symbols of an object file."""
    table = elf.get_section_by_name(".symtab")
    if table is not None:
        for symbol in table.iter_symbols():
            if symbol["st_info"]["bind"] in ("STB_GLOBAL", "STB_WEAK"):
                yield symbol
