# SPDX-License-Identifier: Apache-2.0
"""The sizes of a model's library, which are known."""

from __future__ import annotations

from pathlib import Path

import pytest
from static_library import F405, compile_object, create_archive

from tvm_stm32.cli import main
from tvm_stm32.errors import ToolError
from tvm_stm32.report.library import library_table, read_library_sizes

MODEL = """
extern const signed char kws_weights[1000];
const signed char kws_weights[1000] __attribute__((section(".rodata.kws_weights"))) = {1};
extern signed char kws_activations[2048];
signed char kws_activations[2048] __attribute__((section(".bss.kws_activations")));
"""
KERNELS = """
extern const int table[25];
const int table[25] = {1};
__attribute__((naked)) void kws_kernel(void) { __asm__("nop\\n nop\\n nop\\n bx lr"); }
"""
RUNTIME = '__attribute__((naked)) void tvm_ai_run(void) { __asm__("nop\\n bx lr"); }'


@pytest.fixture
def library(tmp_path: Path) -> Path:
    files = {"kws.o": MODEL, "kws_kernels.o": KERNELS, "tvm_ai.c.o": RUNTIME}
    objects = [compile_object(tmp_path, text, *F405, "-O2", name=name) for name, text in files.items()]
    return create_archive(tmp_path / "libkws.a", *objects, options="rcs")


def test_sizes_by_kind(library: Path) -> None:
    assert {use.kind: use.size for use in read_library_sizes(library)} == {
        "text": 8,
        "constants": 100,
        "weights": 1000,
        "activations": 2048,
        "runtime": 4,
    }


def test_the_command(library: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["size", str(library)]) == 0
    assert (
        capsys.readouterr().out
        == library_table(library, read_library_sizes(library)) + "\n"
        == """\
libkws.a
  text                  8
  constants           100
  weights           1,000
  activations       2,048
  runtime               4
"""
    )


def test_a_member_that_is_no_object(tmp_path: Path) -> None:
    (tmp_path / "notes.o").write_text("no object")
    with pytest.raises(ToolError, match=r"notes\.o is no ELF object"):
        read_library_sizes(create_archive(tmp_path / "lib.a", Path("notes.o")))


def test_a_program_needs_a_part(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["size", str(tmp_path / "app.elf")]) != 0
    assert "add --part STM32F405RGT6" in capsys.readouterr().err
