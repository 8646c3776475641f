# SPDX-License-Identifier: Apache-2.0
"""Firmware of TVM's former STM32 port linked with our libraries: on an emulated STM32F405, and on the host."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.api.layered import CLIENTS, layered, without_weights
from tests.firmware.build import build_firmware, build_host_program
from tests.firmware.test_api import F405, tiny_line, total_line
from tests.tiny_models import tiny, total
from tests.toolchains import C99, HOST
from tvm_stm32.api.emit import emit_library
from tvm_stm32.codegen.write import write_artifacts
from tvm_stm32.emulator.machine import machine_for_part
from tvm_stm32.emulator.run import run_elf

MODELS = [layered(model, "stm32-port") for model in (tiny(), tiny("outside", "application", "application"), total())]

LISTED = {
    "tiny: 4 nodes, 2 in, 2 out, 56 + 24 bytes, apache-tvm 4.5.6, tvm_stm32 1.2.3",
    "outside: 4 nodes, 2 in, 2 out, 56 + 24 bytes, apache-tvm 4.5.6, tvm_stm32 1.2.3",
    "total: 1 nodes, 1 in, 1 out, 8 + 0 bytes, tvm_stm32 1.2.3",
}
PRINTED = [
    tiny_line("library's", 1),
    "tiny 01234567: apache-tvm 4.5.6, tvm_stm32 1.2.3, api 1.0.0, 4 nodes",
    " code 0 bits 8, 8 elements, 8 bytes, 1x2x2x2, 500/1000 zero -128",
    " code 0 bits 8, 8 elements, 8 bytes, 1x2x2x2, 250/1000 zero 0, 125/1000 zero 3",
    " code 0 bits 8, 8 elements, 8 bytes, 1x2x2x2, 250/1000 zero 0, 125/1000 zero 3",
    " code 2 bits 32, 8 elements, 32 bytes, 1x2x2x2",
    tiny_line("application's", 2),
    "input or output without data",
    tiny_line("outside", 3),
    tiny_line("elsewhere", 4),
    tiny_line("with an offset", 5),
    tiny_line("copied weights", 5),
    without_weights("no weights", 5),
    *(line for seed in (1, 2) for line in (tiny_line("tiny", seed), total_line(seed))),
    "misaligned address",
    "null pointer",
    tiny_line("after all that", 1),
    "done",
]


def check(printed: str) -> None:
    """The order of the models is the linker's business."""
    lines = printed.splitlines()
    assert set(lines[:3]) == LISTED
    assert lines[3:] == PRINTED


def test_on_the_f405(tmp_path: Path) -> None:
    run = run_elf(build_firmware("stm32_port", MODELS, F405, tmp_path, programs=CLIENTS), machine_for_part(F405))
    check(run.output)
    assert run.status == 0


def test_on_the_host_under_sanitizers(tmp_path: Path) -> None:
    command = [build_host_program("stm32_port", MODELS, tmp_path, programs=CLIENTS)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    check(run.stdout)
    assert (run.stderr, run.returncode) == ("", 0)


def test_a_program_without_models_has_none_to_iterate(tmp_path: Path) -> None:
    write_artifacts(emit_library(MODELS[0]), tmp_path)
    program = '#include "api/stm32_port/ai_runtime_api.h"\nint main(void)\n{\n'
    program += "    return ai_model_iterator_begin() != ai_model_iterator_end();\n}\n"
    (tmp_path / "main.c").write_text(program)
    HOST.compile(tmp_path, *C99, "main.c", "api/stm32_port/tvm_ai_stm32_port.c", "tvm_ai.c", "-o", "main")
    assert subprocess.run([tmp_path / "main"], timeout=30, check=False).returncode == 0
