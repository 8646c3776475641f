# SPDX-License-Identifier: Apache-2.0
"""Runs with an accelerator: on an emulated STM32F405, and on the host under sanitizers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec
import pytest
from api.test_network import network

from tests.api.layered import layered, without_weights
from tests.firmware.build import build_firmware, build_host_program
from tests.firmware.test_api import F405, tiny_line
from tests.tiny_models import mirror, tiny, total
from tests.toolchains import C99, TOOLCHAINS, Toolchain
from tvm_stm32.api.emit import emit_library
from tvm_stm32.api.interface import choose
from tvm_stm32.codegen.child import compile_in_child
from tvm_stm32.codegen.compiled_model import CompiledModel, Settings
from tvm_stm32.codegen.write import write_artifacts
from tvm_stm32.emulator.firmware import read_firmware
from tvm_stm32.emulator.machine import machine_for_part
from tvm_stm32.emulator.run import run_elf
from tvm_stm32.model.load import load_model
from tvm_stm32.quantize.tflite import quantize_multiplier


def accelerated(model: CompiledModel) -> CompiledModel:
    """`model` as if it had been compiled with ``--accelerator yes``."""
    return layered(model, "native", accelerator="yes")


PRINTED = [
    tiny_line("after all that", 9),
    tiny_line("claims one", 1),
    tiny_line("declines all", 2),
    tiny_line("without it", 3),
    tiny_line("does nothing", 4),
    tiny_line("meanwhile", 1),
    tiny_line("from the copy", 5),
    without_weights("spoilt copy", 5),
    tiny_line("not there", 6),
    "accelerator failed",
    tiny_line("in spite of it", 7),
    tiny_line("repaired", 8),
    "done",
]


def test_on_the_f405(tmp_path: Path) -> None:
    run = run_elf(build_firmware("accelerator", [accelerated(tiny())], F405, tmp_path), machine_for_part(F405))
    assert (run.output.splitlines(), run.status) == (PRINTED, 0)


def test_on_the_host_under_sanitizers(tmp_path: Path) -> None:
    command = [build_host_program("accelerator", [accelerated(tiny())], tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (run.stderr, run.stdout.splitlines(), run.returncode) == ("", PRINTED, 0)


def test_nobody_pays_who_does_not_use_it(tmp_path: Path) -> None:
    sizes, symbols = [], []
    for model in (tiny(), accelerated(tiny())):
        folder = tmp_path / str(len(sizes))
        folder.mkdir()
        firmware = read_firmware(build_firmware("instances", [model], F405, folder))
        sizes.append({section.name: section.size for section in firmware.sections})
        symbols.append(set(firmware.symbols))
    assert sizes[0] == sizes[1]
    assert symbols[0] == symbols[1]


@pytest.mark.parametrize("toolchain", TOOLCHAINS, ids=lambda toolchain: toolchain.name)
def test_compilers_have_nothing_to_say(toolchain: Toolchain, tmp_path: Path) -> None:
    none = msgspec.structs.replace(tiny("none"), calls=[], kernels=[], microkernels=[])
    for model in (tiny(), total(), mirror(), none):
        write_artifacts(emit_library(accelerated(model)), tmp_path)
    sources = sorted(str(path.name) for path in tmp_path.glob("*accelerat*.c"))
    assert len(sources) == 5
    assert toolchain.compile(tmp_path, *C99, "-Os", "-c", *sources) == ""


def test_files_are_known_before_they_are_written() -> None:
    interface = choose(accelerator="yes")
    assert list(emit_library(accelerated(tiny()))) == interface.artifact_names("tiny")
    assert {"tiny_accelerated.h", "tvm_ai_accelerator.h"} < set(interface.header_names("tiny"))
    assert interface.options()[-2:] == ["--accelerator", "yes"]
    assert choose().options() == []


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, CompiledModel]:
    """The network of the clients' tests: its file, and compiled."""
    path = tmp_path_factory.mktemp("net") / "net.tflite"
    path.write_bytes(network())
    settings = Settings("net", "balanced", F405.cpu, F405.name, "hard", "arena", "arena", accelerator=True)
    return path, compile_in_child(path, settings)


def test_a_fully_connected_layer_is_computed_elsewhere(net: tuple[Path, CompiledModel], tmp_path: Path) -> None:
    """By a driver that has weights of its own and knows the layer's quantization."""
    path, model = net
    tensors = load_model(path).network.tensors.values()
    (weights,) = (tensor.data for tensor in tensors if tensor.data is not None and tensor.shape == (5, 16))
    multiplier, shift = quantize_multiplier(1 / 8 * 1 / 64 / (1 / 4))
    rows = ", ".join(f"{{{', '.join(map(str, row))}}}" for row in weights)
    layer = {"WEIGHTS": f"{{{rows}}}", "FROM": 16, "TO": 5, "X_ZERO": -7, "Y_ZERO": 1}
    layer |= {"MULTIPLIER": multiplier, "SHIFT": shift}
    (tmp_path / "dense_layer.h").write_text("".join(f"#define {name} {value}\n" for name, value in layer.items()))
    run = run_elf(build_firmware("dense_accelerator", [model], F405, tmp_path), machine_for_part(F405))
    assert (run.output, run.status) == ("done\n", 0)


def test_what_is_written_is_apart_from_what_is_read(net: tuple[Path, CompiledModel]) -> None:
    _, model = net
    names = {kernel.c_name: kernel for kernel in model.kernels}
    for call in model.calls:
        tensors = [
            (model.tensor(argument.name), parameter.const)
            for argument, parameter in zip(call.arguments, names[call.kernel].parameters, strict=True)
            if argument.kind == "tensor"
        ]
        for read in (tensor for tensor, const in tensors if const):
            for written in (tensor for tensor, const in tensors if not const):
                assert read.offset + read.size <= written.offset or written.offset + written.size <= read.offset
