# SPDX-License-Identifier: Apache-2.0
"""A network with weights per channel, run by clients of all engines in one firmware, beside TFLM's interpreter."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
from exactness.oracle import Oracle
from tflite_builder import TfliteBuilder
from tflite_builder import schema as tflite

from tests.api.layered import CLIENTS
from tests.firmware.build import CXX17, EMULATOR, PROGRAMS
from tests.firmware.test_api import F405
from tests.toolchains import C99, WARNINGS, Toolchain
from tvm_stm32.api.emit import emit_library
from tvm_stm32.api.interface import LAYERS, choose
from tvm_stm32.codegen.child import compile_in_child
from tvm_stm32.codegen.compiled_model import Settings
from tvm_stm32.codegen.write import write_artifacts
from tvm_stm32.device.linker_script import render_linker_script
from tvm_stm32.device.startup import render_startup
from tvm_stm32.emulator.machine import machine_for_part
from tvm_stm32.emulator.run import run_elf

ENGINES = ["x-cube-ai", "stai", "stm32-port", "tvm-aot", "tflm", "glow"]


def network() -> bytes:
    """int8, 8x8x3: a convolution with weights and biases per channel, pooling, fully connected."""
    random = np.random.default_rng(5)
    builder = TfliteBuilder()
    x = builder.input([1, 8, 8, 3], "int8", 1 / 16, 3)
    scales = [1 / 128, 1 / 64, 1 / 200, 1 / 100]
    weights = builder.constant(random.integers(-127, 127, (4, 3, 3, 3)).astype(np.int8), scales, [0] * 4, 0)
    biases = random.integers(-900, 900, 4).astype(np.int32)
    bias = builder.constant(biases, [scale / 16 for scale in scales], [0] * 4, 0)
    convolved, pooled, y = (
        builder.value([1, 4, 4, 4], "int8", 1 / 8, -7),
        builder.value([1, 2, 2, 4], "int8", 1 / 8, -7),
        builder.value([1, 5], "int8", 1 / 4, 1),
    )
    builder.operator(
        "CONV_2D", [x, weights, bias], [convolved],
        padding=tflite.Padding.SAME, strideH=2, strideW=2, dilationHFactor=1, dilationWFactor=1,
    )  # fmt: skip
    builder.operator(
        "MAX_POOL_2D", [convolved], [pooled], padding=tflite.Padding.VALID,
        strideH=2, strideW=2, filterHeight=2, filterWidth=2,
    )  # fmt: skip
    dense = builder.constant(random.integers(-127, 127, (5, 16)).astype(np.int8), [1 / 64], [0])
    builder.operator("FULLY_CONNECTED", [pooled, dense, -1], [y])
    return builder.finish([y])


def test_all_engines_agree_with_tflm(tmp_path: Path) -> None:
    model = tmp_path / "net.tflite"
    model.write_bytes(network())
    inputs = np.random.default_rng(6).integers(-128, 128, (3, 1, 8, 8, 3)).astype(np.int8)
    interface = choose(ENGINES)
    settings = Settings(
        "net", "balanced", F405.cpu, F405.name, "hard", "arena", "arena",
        api=interface.api, observer=interface.observer,
    )  # fmt: skip
    write_artifacts(emit_library(compile_in_child(model, settings)), tmp_path)

    oracle = Oracle(model.read_bytes())
    expected = []
    for image in inputs:
        oracle.run([image])
        scores = " ".join(map(str, oracle.output(0).ravel()))
        expected += [f"{engine} {scores}" for engine in ENGINES]

    run = run_elf(firmware(interface.source_names("net"), inputs, tmp_path), machine_for_part(F405))
    assert run.output.splitlines() == [*expected, "done"]
    assert run.status == 0


def firmware(sources: list[str], inputs: np.ndarray, folder: Path) -> Path:
    """Each client is compiled with the include folder of its engine, and linked with the one library."""
    application = folder / "application"
    application.mkdir()
    for file in (*CLIENTS.glob("net*"), PROGRAMS / "check.c", PROGRAMS / "check.h"):
        shutil.copy(file, application)
    (folder / "link.ld").write_text(render_linker_script(F405, heap_size=256))
    (folder / "startup.c").write_text(render_startup(F405))
    (folder / "inputs.bin").write_bytes(inputs.tobytes())
    compiler = Toolchain(F405.name, ("arm-none-eabi-gcc", *F405.compiler_flags()))
    flags = [*C99, "-O2", "-ffunction-sections", "-fdata-sections"]
    compiler.compile(folder, *flags, "-c", *sources)
    objects = [f"{Path(source).stem}.o" for source in sources]
    subprocess.run(["arm-none-eabi-ar", "rcD", "libnet.a", *objects], cwd=folder, check=True, timeout=60)
    to_object = [
        "arm-none-eabi-objcopy",
        "-I",
        "binary",
        "-O",
        "elf32-littlearm",
        "-B",
        "arm",
        "inputs.bin",
        "inputs.o",
    ]
    subprocess.run([*to_object, "--rename-section", ".data=.rodata"], cwd=folder, check=True, timeout=60)
    clients = [f"net_{engine.replace('-', '_')}" for engine in ENGINES]
    for engine, client in zip(ENGINES, clients, strict=True):
        include = f"-Iapi/{engine.replace('-', '_')}"
        if LAYERS[engine].cxx:
            cxx = Toolchain("c++", ("arm-none-eabi-g++", *F405.compiler_flags(), *CXX17, *WARNINGS))
            cxx.compile(folder, "-Os", include, "-c", f"application/{client}.cc", "-o", f"{client}.o")
        else:
            compiler.compile(folder, *flags, include, "-c", f"application/{client}.c", "-o", f"{client}.o")
    main = [
        f"-DNET_INPUT_SIZE={inputs[0].size}",
        f"-I{EMULATOR}",
        "application/net.c",
        "application/check.c",
        "startup.c",
    ]
    link = ["-nostartfiles", "--specs=nano.specs", "-T", "link.ld", "-Wl,--gc-sections,-u,net_network", "-o", "net.elf"]
    compiler.compile(folder, *flags, *main, *(f"{client}.o" for client in clients), "inputs.o", "libnet.a", *link)
    return folder / "net.elf"
