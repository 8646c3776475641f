# SPDX-License-Identifier: Apache-2.0
"""The runtime must stay small: it is in every firmware."""

from __future__ import annotations

from pathlib import Path

import pytest
from elftools.elf.constants import SH_FLAGS
from elftools.elf.elffile import ELFFile

from tests.tiny_models import tiny
from tests.toolchains import C99, M4, TOOLCHAINS, Toolchain
from tvm_stm32.codegen.emit import emit
from tvm_stm32.codegen.write import write_artifacts

#: bytes of code and constants of all functions of tvm_ai.c, Thumb-2, -Os
LIMIT = 1024
#: what the runtime may ask of the C library
LIBRARY = {"memset", "strcmp"}


def sizes(path: Path) -> tuple[int, int]:
    """Bytes of an object file in flash (code and constants) and in RAM."""
    with path.open("rb") as stream:
        sections = [s for s in ELFFile(stream).iter_sections() if s["sh_flags"] & SH_FLAGS.SHF_ALLOC]
    writable = [s["sh_flags"] & SH_FLAGS.SHF_WRITE for s in sections]
    flash = sum(s["sh_size"] for s, w in zip(sections, writable, strict=True) if not w)
    return flash, sum(s["sh_size"] for s, w in zip(sections, writable, strict=True) if w)


def undefined(path: Path) -> set[str]:
    """The symbols that an object file needs from elsewhere."""
    with path.open("rb") as stream:
        symbols = ELFFile(stream).get_section_by_name(".symtab").iter_symbols()
        return {symbol.name for symbol in symbols if symbol["st_shndx"] == "SHN_UNDEF" and symbol.name}


def test_all_functions_fit_a_kilobyte_and_keep_no_state(tmp_path: Path) -> None:
    write_artifacts(emit(tiny()), tmp_path)
    M4.compile(tmp_path, *C99, "-Os", "-c", "tvm_ai.c")
    flash, ram = sizes(tmp_path / "tvm_ai.o")
    assert flash <= LIMIT
    assert ram == 0


@pytest.mark.parametrize("toolchain", TOOLCHAINS[2:8], ids=lambda toolchain: toolchain.name)
def test_it_needs_next_to_nothing_of_the_c_library(toolchain: Toolchain, tmp_path: Path) -> None:
    write_artifacts(emit(tiny()), tmp_path)
    toolchain.compile(tmp_path, *C99, "-Os", "-ffreestanding", "-c", "tvm_ai.c", "tiny.c")
    assert undefined(tmp_path / "tvm_ai.o") <= LIBRARY
    names = {"tiny_scale_0", "tiny_add_0", "tiny_running_sum_0", "tiny_dequantize_0", "tiny_weights", "tiny_signature"}
    assert undefined(tmp_path / "tiny.o") == names


def test_a_model_has_no_state_but_its_activations(tmp_path: Path) -> None:
    write_artifacts(emit(tiny()), tmp_path)
    sources = ["tiny.c", "tiny_kernels.c", "tiny_weights.c"]
    M4.compile(tmp_path, *C99, "-Os", "-c", *sources)
    assert [sizes(tmp_path / source.replace(".c", ".o"))[1] for source in sources] == [56, 0, 0]
