# SPDX-License-Identifier: Apache-2.0
"""Whole networks on an emulated Cortex-M4 give the bytes of TFLM's interpreter."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tvm_stm32.codegen.child import compile_in_child
from tvm_stm32.codegen.compiled_model import Settings
from tvm_stm32.codegen.emit import emit
from tvm_stm32.codegen.write import write_artifacts
from tvm_stm32.device.core import find_core
from tvm_stm32.device.linker_script import render_linker_script
from tvm_stm32.device.startup import render_startup
from tvm_stm32.emulator.machine import machine_for_core
from tvm_stm32.emulator.run import run_elf

FIRMWARE = Path(__file__).parents[1] / "firmware"
EMULATOR = Path(__file__).parents[2] / "tvm_stm32" / "emulator"


def outputs_on_target(model: Path, inputs: Path, dtype: str, folder: Path) -> npt.NDArray[np.generic]:
    """Compile `model`, link it for an emulated M4 with every input of the file `inputs`, and run it."""
    machine = machine_for_core(find_core("cortex-m4"))
    settings = Settings("net", "balanced", "cortex-m4", "", "any", "arena", "arena")
    write_artifacts(emit(compile_in_child(model, settings)), folder)
    (folder / "startup.c").write_text(render_startup(machine.board))
    (folder / "link.ld").write_text(render_linker_script(machine.board))
    shutil.copyfile(inputs, folder / "inputs.bin")
    subprocess.run(["arm-none-eabi-ld", "-r", "-b", "binary", "-o", "inputs.o", "inputs.bin"], cwd=folder, check=True)
    command = ["arm-none-eabi-gcc", *machine.board.compiler_flags(), "-std=c99", "-O2", "-Wall", "-Werror"]
    command += ["-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections", "-nostartfiles", "-T", "link.ld"]
    command += ["-I.", f"-I{EMULATOR}", str(FIRMWARE / "network_inputs.c"), *sorted(map(str, folder.glob("*.c")))]
    subprocess.run([*command, "inputs.o", "-lm", "-o", "net.elf"], cwd=folder, check=True)
    run = run_elf(folder / "net.elf", machine, timeout=300)
    assert run.status == 0, run.output
    return np.stack([np.frombuffer(bytes.fromhex(line), dtype) for line in run.output.split()])


@pytest.mark.parametrize("name", ["ad_int8", "ic_int8", "kws_int8", "vww_int8"])
def test_integer_networks_are_bit_exact(name: str, shared: Path, tmp_path: Path) -> None:
    data = shared / "bench" / "data"
    got = outputs_on_target(shared / "models" / f"{name}.tflite", data / f"{name}_in.bin", "int8", tmp_path)
    np.testing.assert_array_equal(got, np.load(data / f"{name}_out.npy"))


def test_the_float_network_is_close(shared: Path, tmp_path: Path) -> None:
    data = shared / "bench" / "data"
    got = outputs_on_target(shared / "models" / "ic_fp32.tflite", data / "ic_fp32_in.bin", "float32", tmp_path)
    np.testing.assert_allclose(got, np.load(data / "ic_fp32_out.npy"), rtol=0, atol=1e-5)
