# SPDX-License-Identifier: Apache-2.0
"""What the static library of a model holds, by kind, from the sections of its object files."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from tvm_stm32.errors import ToolError
from tvm_stm32.package.archive import read_archive
from tvm_stm32.report.size import KINDS, Use, kind_of

#: the object file of what all models share, without its suffix; build tools name it tvm_ai.o, tvm_ai.c.obj ...
_RUNTIME = "tvm_ai"


def read_library_sizes(library: Path) -> list[Use]:
    """The bytes of each kind in the model's own object files, and as "runtime" everything in that of the runtime.

    It is what an application takes from the library at most: the linker leaves out what nobody calls.

    Raises:
        SettingsError: `library` is no archive.
        ToolError: a member is no ELF object.
    """
    sizes: dict[str, int] = {}
    for member in read_archive(library).members:
        try:
            sections = list(ELFFile(BytesIO(member.data)).iter_sections())
        except ELFError as error:
            raise ToolError(f"{member.name} is no ELF object: {error}", str(library)) from error
        for section in sections:
            flags = section["sh_flags"]
            if flags & SH_FLAGS.SHF_ALLOC:
                kind = kind_of(section.name, flags, section["sh_type"] != "SHT_NOBITS")
                kind = "runtime" if member.name.partition(".")[0] == _RUNTIME else kind
                sizes[kind] = sizes.get(kind, 0) + section["sh_size"]
    return [Use(kind, sizes[kind]) for kind in (*KINDS, "runtime") if sizes.get(kind)]


def library_table(library: Path, uses: list[Use]) -> str:
    """`uses` as lines of plain text below the name of `library`."""
    return "\n".join([library.name, *(f"  {use.kind:<12}{use.size:>11,}" for use in uses)])
