# SPDX-License-Identifier: Apache-2.0
"""Firmware of TVM's ahead-of-time executor linked with our libraries: on an emulated STM32F405, and on the host."""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec
import pytest
from elftools.elf.elffile import ELFFile

from tests.api.layered import CLIENTS, layered, without_weights
from tests.firmware.build import build_firmware, build_host_program
from tests.firmware.test_api import F405, tiny_line
from tests.tiny_models import tiny, total
from tests.toolchains import C99, M4, WARNINGS, Toolchain
from tvm_stm32.api.emit import emit_library
from tvm_stm32.codegen.compiled_model import CompiledModel
from tvm_stm32.codegen.write import write_artifacts
from tvm_stm32.emulator.machine import machine_for_part
from tvm_stm32.emulator.run import run_elf
from tvm_stm32.errors import SettingsError

MODELS = [layered(model, "tvm-aot") for model in (tiny(), tiny("outside", "application", "application"), total())]

WITH_DEVICE = layered(tiny(), "tvm-aot", accelerator="yes")
#: all forms of run, in C++
FORMS = """
#include "tvmgen_tiny.h"
int32_t run(tvmgen_tiny_inputs *x, tvmgen_tiny_outputs *y, tvmgen_tiny_workspace_pools *pools, tvmgen_tiny_devices *on);
int32_t run(tvmgen_tiny_inputs *x, tvmgen_tiny_outputs *y, tvmgen_tiny_workspace_pools *pools, tvmgen_tiny_devices *on)
{
    return tvmgen_tiny_run(pools) + tvmgen_tiny_run(x, y) + tvmgen_tiny_run(x, y, pools) + tvmgen_tiny_run(x, y, on)
         + tvmgen_tiny_run(x, y, pools, on);
}
"""

PRINTED = [
    "starting",
    tiny_line("stack", 1),
    tiny_line("elsewhere", 2),
    tiny_line("outside", 2),
    "total: -94",
    tiny_line("pools", 3),
    without_weights("no weights", 3),
    tiny_line("constant pool", 3),
    tiny_line("mapped", 4),
    "total: 26",
    tiny_line("mapped again", 5),
    "functions: tiny_scale_0 tiny_add_0 tiny_running_sum_0 tiny_dequantize_0",
    "added: -34 64",
    "added: -34 64",
    tiny_line("after all that", 1),
    "done",
]


@pytest.fixture(scope="module")
def firmware(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_firmware("tvm_aot", MODELS, F405, tmp_path_factory.mktemp("tvm_aot"), programs=CLIENTS)


def test_on_the_f405(firmware: Path) -> None:
    run = run_elf(firmware, machine_for_part(F405))
    assert run.output.splitlines() == PRINTED
    assert run.status == 0


def test_on_the_host_under_sanitizers(tmp_path: Path) -> None:
    command = [build_host_program("tvm_aot", MODELS, tmp_path, programs=CLIENTS)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (run.stderr, run.stdout.splitlines(), run.returncode) == ("", PRINTED, 0)


def test_a_model_with_a_device(tmp_path: Path) -> None:
    command = [build_host_program("tvm_aot_devices", [WITH_DEVICE], tmp_path, programs=CLIENTS)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (run.stderr, run.stdout, run.returncode) == ("", "done\n", 0)
    (tmp_path / "forms.cpp").write_text(FORMS)
    includes = ["-I.", "-Iapi/tvm_aot"]
    Toolchain("c++", ("g++", "-std=c++17", *WARNINGS)).compile(tmp_path, *includes, "-fsyntax-only", "forms.cpp")


def symbols(path: Path, undefined: bool = False) -> set[str]:
    """Names that an ELF file defines, or that it needs."""
    with path.open("rb") as stream:
        table = ELFFile(stream).get_section_by_name(".symtab")
        return {s.name for s in table.iter_symbols() if (s["st_shndx"] == "SHN_UNDEF") == undefined}


def test_a_model_that_nobody_asks_by_name_has_no_table(firmware: Path) -> None:
    assert "tvmgen_tiny_functions" in symbols(firmware)
    assert not {"tvmgen_total_functions", "tiny_activations"} & symbols(firmware)


def test_the_workspace_may_be_static(tmp_path: Path) -> None:
    """For clients whose TVMPlatformMemoryAllocate only says that it is not implemented."""
    write_artifacts(emit_library(MODELS[0]), tmp_path)
    define = "-DTVM_AI_TVM_AOT_STATIC_WORKSPACE"
    M4.compile(tmp_path, *C99, "-Os", define, "-c", "api/tvm_aot/tiny_tvm_aot.c", "-o", "static.o")
    needed = symbols(tmp_path / "static.o", undefined=True)
    assert "tiny_activations" in needed
    assert "tvm_ai_tvm_aot_allocate" not in needed


def renamed(names: dict[str, str]) -> CompiledModel:
    tensors = [msgspec.structs.replace(t, name=names.get(t.c_name, t.name)) for t in MODELS[0].tensors]
    return msgspec.structs.replace(MODELS[0], tensors=tensors)


def test_names_that_c_does_not_have(tmp_path: Path) -> None:
    model = renamed({"input_0": "0/r\u00e9sum\u00e9", "input_1": "default", "output_0": "output1"})
    write_artifacts(emit_library(model), tmp_path)
    header = (tmp_path / "api" / "tvm_aot" / "tvmgen_tiny.h").read_text()
    for member in ("_0_r_sum_", "_default", "output1", "output0"):
        assert f"void *{member};" in header
    M4.compile(tmp_path, *C99, "-fsyntax-only", "api/tvm_aot/tiny_tvm_aot.c")


@pytest.mark.parametrize("second", ["x_0", "X.0"])
def test_names_that_become_one_are_refused(second: str) -> None:
    with pytest.raises(SettingsError, match=r"two inputs of tiny model\.tflite would both be called") as refused:
        emit_library(renamed({"input_1": second}))
    assert refused.value.where == "--api tvm-aot"
