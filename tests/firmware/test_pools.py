# SPDX-License-Identifier: Apache-2.0
"""Models in memory pools on an emulated Cortex-M7 with two RAMs: where everything lies, and TFLM's bytes come out."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from exactness.oracle import Oracle
from small_networks import small_tflite

from tests.firmware.build import build_firmware, build_host_program
from tvm_stm32.codegen.compile import compile_model
from tvm_stm32.codegen.compiled_model import CompiledModel, Settings
from tvm_stm32.codegen.emit import emit
from tvm_stm32.device.core import find_core
from tvm_stm32.device.part import Part
from tvm_stm32.device.pools import resolve
from tvm_stm32.emulator.firmware import read_firmware
from tvm_stm32.emulator.machine import machine_for_core
from tvm_stm32.emulator.run import run_elf
from tvm_stm32.memory.pool_file import PoolEntry

MACHINE = machine_for_core(find_core("cortex-m7"))
BOARD: Part = MACHINE.board
FAST, EXTERNAL = 0x60000000, 0x60800000  # both in what the board has as external RAM
INPUT = np.random.default_rng(5).integers(-128, 128, (1, 4, 4, 2)).astype(np.int8)


def compiled(folder: Path, linked: bool) -> CompiledModel:
    """The most used in a small fast RAM, weights too; the rest in the RAM, a small flash, and an external one."""
    entries = [
        PoolEntry(name="fast", address=FAST, size=256, internal=True, holds=["activations", "weights"]),
        PoolEntry(name="ram", memory="RAM"),
        PoolEntry(name="flash", memory="FLASH", size=60),
        PoolEntry(name="ext", kind="flash", address=EXTERNAL, size="4K", linked=linked),
    ]
    (folder / "net.tflite").write_bytes(small_tflite())
    settings = Settings("net", "balanced", "cortex-m7", "", "any", "arena", "arena", pools=resolve(entries, BOARD, ""))
    return compile_model(folder / "net.tflite", settings)


@pytest.fixture(scope="module")
def linked(tmp_path_factory: pytest.TempPathFactory) -> CompiledModel:
    return compiled(tmp_path_factory.mktemp("linked"), linked=True)


@pytest.fixture(scope="module")
def unlinked(tmp_path_factory: pytest.TempPathFactory) -> CompiledModel:
    return compiled(tmp_path_factory.mktemp("unlinked"), linked=False)


def prepare(model: CompiledModel, folder: Path) -> None:
    """The header with the input, and where they are not linked, the weights, for the program."""
    text = f"static const int8_t net_input[] = {{{', '.join(map(str, INPUT.flatten()))}}};\n"
    binary = emit(model)["net_weights.bin"]
    if binary:
        index = next(
            i for i, placed in enumerate([p for p in model.pools if p.weights and p.c_name]) if not placed.pool.linked
        )
        text += f"#define NET_UNLINKED {index}\n"
        text += f"static const uint8_t net_binary[] = {{{', '.join(map(str, binary))}}};\n"
    (folder / "net_input.h").write_text(text)


def expected() -> list[str]:
    """The lines of the program, with TFLM's scores."""
    oracle = Oracle(small_tflite())
    oracle.run([INPUT])
    scores = " ".join(map(str, oracle.output(0).flatten()))
    return [f"library: {scores}", f"application: {scores}", f"moved: {scores}", "done"]


@pytest.mark.parametrize("kind", ["linked", "unlinked"])
def test_in_pools_of_two_rams(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    model: CompiledModel = request.getfixturevalue(kind)
    assert [placed.c_name for placed in model.pools] == ["activations", "ram", "", "ext"]
    assert all(placed.weights for placed in model.pools if placed.pool.weights)
    prepare(model, tmp_path)
    elf = build_firmware("pools", [model], BOARD, tmp_path)
    firmware = read_firmware(elf)
    assert firmware.address("net_activations") == FAST
    assert BOARD.ram.holds(firmware.address("net_activations_ram"), 192)
    assert BOARD.flash.holds(firmware.address("net_weights"), 52)
    assert BOARD.flash.holds(firmware.address("net_weights_fast"), 52)
    assert ("net_weights_ext" in firmware.symbols) == (kind == "linked")
    if kind == "linked":
        assert firmware.address("net_weights_ext") == EXTERNAL
    run = run_elf(elf, MACHINE)
    assert run.output.splitlines() == expected()
    assert run.status == 0


def test_on_the_host_under_sanitizers(linked: CompiledModel, tmp_path: Path) -> None:
    prepare(linked, tmp_path)
    program = build_host_program("pools", [linked], tmp_path)
    run = subprocess.run([program], capture_output=True, text=True, timeout=60, check=False)
    assert (run.stderr, run.stdout.splitlines(), run.returncode) == ("", expected(), 0)


def test_what_is_not_linked_is_a_file(linked: CompiledModel, unlinked: CompiledModel) -> None:
    external = next(placed for placed in unlinked.pools if placed.pool.name == "ext")
    assert len(emit(unlinked)["net_weights.bin"]) == external.weights > 0
    assert emit(linked)["net_weights.bin"] == b""
    assert b"net_weights_ext" not in emit(unlinked)["net_weights.c"]
