# SPDX-License-Identifier: Apache-2.0
"""Firmware of Glow bundles linked with our libraries: on an emulated STM32F405, and on the host under sanitizers."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import msgspec
import pytest
from elftools.elf.elffile import ELFFile

from tests.api.layered import CLIENTS, layered, without_weights
from tests.firmware.build import build_firmware, build_host_program
from tests.firmware.test_api import F405, tiny_line
from tests.tiny_models import tiny, total
from tvm_stm32.api.emit import emit_library
from tvm_stm32.api.interface import choose
from tvm_stm32.codegen.parameters import parameter_offsets
from tvm_stm32.emulator.machine import machine_for_part
from tvm_stm32.emulator.run import run_elf
from tvm_stm32.errors import SettingsError

MODELS = [layered(model, "glow") for model in (tiny(), tiny("outside", "application", "application"), total())]

PRINTED = [
    tiny_line("static", 1),
    tiny_line("elsewhere", 2),
    tiny_line("untouched", 1),
    tiny_line("once more", 1),
    "x_0 at 0, 8 elements, kind 1",
    "side at 8, 8 elements, kind 1",
    "sums at 16, 8 elements, kind 1",
    "real at 24, 8 elements, kind 1",
    tiny_line("dynamic", 3),
    without_weights("no weights", 3),
    tiny_line("outside", 4),
    "total: 10",
    "done",
]


def test_on_the_f405(tmp_path: Path) -> None:
    firmware = build_firmware("glow", MODELS, F405, tmp_path, programs=CLIENTS)
    run = run_elf(firmware, machine_for_part(F405))
    assert run.output.splitlines() == PRINTED
    assert run.status == 0
    with firmware.open("rb") as stream:
        table = ELFFile(stream).get_section_by_name(".symtab")
        symbols = {symbol.name for symbol in table.iter_symbols()}
    assert {"tiny", "tiny_config"} <= symbols
    assert not {"tiny_weights", "tiny_model", "tiny_activations", "total_config"} & symbols


def test_on_the_host_under_sanitizers(tmp_path: Path) -> None:
    command = [build_host_program("glow", MODELS, tmp_path, programs=CLIENTS)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (run.stderr, run.stdout.splitlines(), run.returncode) == ("", PRINTED, 0)


def test_weights_are_the_same_as_bytes_and_as_text() -> None:
    files = emit_library(MODELS[0])
    binary = files["api/glow/tiny.weights.bin"]
    lines = files["api/glow/tiny.weights.txt"].decode().splitlines()
    assert [len(line.split()) for line in lines] == [20, 20, 20, 4]
    assert all(re.fullmatch(r"( 0X[0-9A-F]{2},)+", line) for line in lines)
    assert bytes(int(word.rstrip(","), 16) for line in lines for word in line.split()) == binary
    parameters = MODELS[0].parameters
    for parameter, offset in zip(parameters, parameter_offsets(parameters), strict=False):
        assert binary[offset : offset + len(parameter.values)] == parameter.values
    assert {"api/glow/tiny.weights.bin", "api/glow/tiny.weights.txt"} < set(choose("glow").header_names("tiny"))


def test_names_that_become_one_are_refused() -> None:
    tensors = [msgspec.structs.replace(t, name=t.name.replace("sums", "x.0")) for t in MODELS[0].tensors]
    with pytest.raises(SettingsError, match="would both be called x_0") as refused:
        emit_library(msgspec.structs.replace(MODELS[0], tensors=tensors))
    assert refused.value.where == "--api glow"
