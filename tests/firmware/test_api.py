# SPDX-License-Identifier: Apache-2.0
"""The C API, used by the programs of this folder: booted on an emulated STM32F405, and on the host under sanitizers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.firmware.build import build_firmware, build_host_program
from tests.tiny_models import mirror, tiny, tiny_reference, total
from tvm_stm32.codegen.compiled_model import CompiledModel
from tvm_stm32.device.core import CORES
from tvm_stm32.device.part import find_part
from tvm_stm32.emulator.firmware import read_firmware
from tvm_stm32.emulator.kinds import Emulator
from tvm_stm32.emulator.machine import machine_for_core, machine_for_part
from tvm_stm32.emulator.run import run_elf

F405 = find_part("STM32F405RGT6")
OUTSIDE = tiny("outside", "application", "application")


def observed(model: CompiledModel) -> CompiledModel:
    """`model` as if it had been compiled with ``--observer yes``."""
    return msgspec.structs.replace(model, settings=msgspec.structs.replace(model.settings, observer=True))


MODELS = {
    "memory": [tiny()],
    "instances": [tiny()],
    "interrupt": [tiny()],
    "shared_arena": [tiny(), total()],
    "misuse": [tiny(), OUTSIDE],
    "application_buffers": [tiny(), OUTSIDE],
    "models": [tiny(), total(), mirror()],
    "observer": [observed(tiny()), observed(total())],
}


def tiny_line(title: str, seed: int, side: list[int] | None = None) -> str:
    """What the programs print of a run whose inputs were filled with `seed`."""
    i = np.arange(8)
    x = (seed * 7 + i * 11 - 40).astype(np.int8)
    sums, real = tiny_reference(x, np.array(side, np.int8) if side else (i * 3 - seed).astype(np.int8))
    numbers = [*sums.tolist(), *(int(1000 * value + (0.5 if value >= 0 else -0.5)) for value in real)]
    return f"{title}: {' '.join(map(str, numbers))}"


def total_line(seed: int) -> str:
    sums = tiny_line("", seed).split()[1:5]
    return f"total: {sum(map(int, sums))}"


FAILURES = """\
no instance: null pointer
no model: null pointer
no memory: null pointer
no activations: null pointer
short: activations too small
odd: misaligned address
half: misaligned address
version: model is for another runtime version""".splitlines()

PRINTED = {
    "memory": [tiny_line("section", 1), tiny_line("table", 1), tiny_line("allocator", 1)],
    "instances": [tiny_line("left 3", 3), tiny_line("right 2", 2), tiny_line("right 4", 4)],
    "interrupt": [tiny_line("interrupt", 2), tiny_line("main", 1)],
    "shared_arena": [line for seed in (1, 2, 3) for line in (tiny_line("tiny", seed), total_line(seed))],
    "misuse": [
        *FAILURES,
        *FAILURES,
        tiny_line("after failures", 1),
        tiny_line("after indices", 2),
        tiny_line("after misalignment", 3),
        "ok: ok",
        "index: no such input or output",
        "no data: input or output without data",
        "not created: instance not created",
        "99: unknown status",
    ],
    "application_buffers": [
        tiny_line("outside 1", 1),
        tiny_line("outside 1 again", 1),
        tiny_line("outside 2", 2),
        tiny_line("tiny 3", 3),
        tiny_line("tiny 4 constant", 4, side=[1, 2, 3, 4, 5, 6, 7, 8]),
    ],
    "observer": [
        *(
            f"{event} {node}"
            for node in (
                '0: MUL "body/scale" by tiny_scale_0, type 18, 8 MACs',
                '1: ADD "body/add" by tiny_add_0, type 0, 0 MACs',
                '2: CUMSUM "body/sum" by tiny_running_sum_0, type 32, 0 MACs',
                '3: DEQUANTIZE "head" by tiny_dequantize_0, type 6, 8 MACs',
            )
            for event in ("before", "after")
        ),
        tiny_line("observed", 1),
        "model: belongs to another model",
        tiny_line("copied weights", 2),
    ],
    "models": """\
tiny: TFLite, int8 from tiny model.tflite, sha256 01234567 of 64 digits
 by apache-tvm 4.5.6, tvm_stm32 1.2.3
 4 nodes, 16 MACs, 2 inputs, 2 outputs, 56 bytes of activations, 24 of parameters
 input 0: x:0 int8 1x2x2x2, 8 bytes, 500/1000 zero -128, axis -1
 input 1: side int8 1x2x2x2, 8 bytes, 250/1000 zero 0, 125/1000 zero 3, axis 3
 output 0: sums int8 1x2x2x2, 8 bytes, 250/1000 zero 0, 125/1000 zero 3, axis 3
 output 1: real float32 1x2x2x2, 32 bytes, not quantized
total: ONNX, int8 from total.onnx, sha256 ffffffff of 64 digits
 by tvm_stm32 1.2.3
 1 nodes, 0 MACs, 1 inputs, 1 outputs, 8 bytes of activations, 0 of parameters
 input 0: values int8 4, 4 bytes, not quantized
 output 0: sum int32, 4 bytes, not quantized
mirror: ONNX, int8 from mirror.onnx, sha256 ffffffff of 64 digits
 by tvm_stm32 1.2.3
 1 nodes, 0 MACs, 1 inputs, 1 outputs, 1 bytes of activations, 0 of parameters
 input 0: forth int8 3, 3 bytes, not quantized
 output 0: back int8 3, 3 bytes, not quantized
tin: none
tiny2: none
: none""".splitlines(),
}


def without_address(printed: str) -> list[str]:
    return [line for line in printed.splitlines() if not line.startswith("placed at ")]


@pytest.mark.parametrize("program", MODELS)
def test_on_the_f405(program: str, tmp_path: Path) -> None:
    run = run_elf(build_firmware(program, MODELS[program], F405, tmp_path), machine_for_part(F405))
    assert without_address(run.output) == [*PRINTED[program], "done"]
    assert run.status == 0


@pytest.mark.parametrize("program", sorted(MODELS.keys() - {"interrupt"}))
def test_on_the_host_under_sanitizers(program: str, tmp_path: Path) -> None:
    command = [build_host_program(program, MODELS[program], tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.stderr == ""
    assert without_address(run.stdout) == [*PRINTED[program], "done"]
    assert run.returncode == 0


@pytest.mark.parametrize("cpu", ["cortex-m3", "cortex-m7", "cortex-m33"])
@pytest.mark.parametrize("program", ["memory", "misuse"])
def test_on_other_cores(program: str, cpu: str, tmp_path: Path) -> None:
    machine = machine_for_core(CORES[cpu])
    run = run_elf(build_firmware(program, MODELS[program], machine.board, tmp_path), machine)
    assert without_address(run.output) == [*PRINTED[program], "done"]
    assert run.status == 0


@pytest.mark.parametrize("name", ["STM32G071RBT6", "STM32U575ZIT6"])
def test_in_the_memories_of_other_parts(name: str, tmp_path: Path) -> None:
    part = find_part(name)
    run = run_elf(build_firmware("memory", MODELS["memory"], part, tmp_path), part, emulator=Emulator.UNICORN)
    assert without_address(run.output) == [*PRINTED["memory"], "done"]
    assert run.status == 0


def test_a_failed_check_is_an_exit_status(tmp_path: Path) -> None:
    """The other tests here mean something: what the programs check can fail."""
    wrong = tiny()
    wrong.kernels[0] = wrong.kernels[0].__class__(
        wrong.kernels[0].c_name, wrong.kernels[0].parameters, "{\n  (void)x; (void)weights; (void)shifts;\n"
        "  (void)bias;\n  y[0] = (int8_t)(y[0] + 1);\n}\n", "wrong: keeps a state", []
    )  # fmt: skip
    run = run_elf(build_firmware("interrupt", [wrong], F405, tmp_path), machine_for_part(F405))
    assert run.status == 1
    assert "not so: wrong == 0" in run.output
    assert run.output.endswith("1 checks failed\n")


def test_the_linker_script_places_the_activations(tmp_path: Path) -> None:
    elf = build_firmware("memory", MODELS["memory"], F405, tmp_path, placements={"tiny_activations": "RAM"})
    firmware = read_firmware(elf)
    (section,) = (section for section in firmware.sections if section.name == ".tiny_activations")
    assert (firmware.address("tiny_activations"), section.size) == (section.address, 56)
    run = run_elf(elf, machine_for_part(F405))
    assert run.output.splitlines()[0] == f"placed at {section.address:x}"
    assert without_address(run.output) == [*PRINTED["memory"], "done"]
    assert run.status == 0


def test_the_linker_script_places_them_in_another_memory(tmp_path: Path) -> None:
    elf = build_firmware("memory", MODELS["memory"], F405, tmp_path, placements={"tiny_activations": "CCM"})
    (ccm,) = (region for region in F405.other_ram if region.name == "CCM")
    assert ccm.holds(read_firmware(elf).address("tiny_activations"), 56)


def test_activations_that_nobody_uses_are_dropped(tmp_path: Path) -> None:
    elf = build_firmware("instances", MODELS["instances"], F405, tmp_path)
    assert "tiny_activations" not in read_firmware(elf).symbols


def test_two_libraries_share_one_runtime(tmp_path: Path) -> None:
    elf = build_firmware("shared_arena", MODELS["shared_arena"], F405, tmp_path)
    printed = subprocess.check_output(["arm-none-eabi-nm", elf], text=True, timeout=60)
    assert printed.count(" W tvm_ai_create\n") == 1


def test_observers_that_nobody_uses_are_dropped(tmp_path: Path) -> None:
    elf = build_firmware("instances", [observed(tiny())], F405, tmp_path)
    assert not {"tiny_observable", "tiny_run_observed", "tvm_ai_run_observed"} & set(read_firmware(elf).symbols)
