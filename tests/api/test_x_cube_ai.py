# SPDX-License-Identifier: Apache-2.0
"""Firmware of X-CUBE-AI linked with our libraries: on an emulated STM32F405, and on the host under sanitizers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.api.layered import CLIENTS, layered, without_weights
from tests.firmware.build import build_firmware, build_host_program
from tests.firmware.test_api import F405, tiny_line, total_line
from tests.tiny_models import tiny, total
from tvm_stm32.emulator.machine import machine_for_part
from tvm_stm32.emulator.run import run_elf

MODELS = [layered(model, "x-cube-ai") for model in (tiny(), tiny("outside", "application", "application"), total())]


#: MUL, ADD, one without a number (CUMSUM), DEQUANTIZE
TYPES = (18, 0, 32, 6)
OBSERVED = [
    line
    for index in range(4)
    for line in (
        f"{'first ' if index == 0 else ''}{'last ' if index == 3 else ''}{event} node {index} type {kind} id {index}"
        for event, kind in (("pre", TYPES[index]), ("post", TYPES[index]))
    )
]

PRINTED = [
    tiny_line("one call", 1),
    tiny_line("tables", 2),
    tiny_line("two calls", 3),
    tiny_line("old parameters", 4),
    tiny_line("copied weights", 5),
    without_weights("no weights", 5),
    tiny_line("outside", 6),
    tiny_line("forward", 6),
    tiny_line("elsewhere", 7),
    tiny_line("and back", 8),
    tiny_line("own buffers", 9),
    *(line for seed in (1, 2) for line in (tiny_line("tiny", seed), total_line(seed))),
    tiny_line("alone", 3),
    "tiny 01234567: apache-tvm 4.5.6, tvm_stm32 1.2.3, tool 1.2.3, api 1.2.0, 16 MACC, 4 nodes",
    " 60 bytes of activations, 24 of weights",
    " type 2 sign 1 bits 8 fbits 0, 8 elements 8 bytes, n 1 c 2 w 2 h 2, 500/1000 zero -128",
    " type 2 sign 1 bits 8 fbits 0, 8 elements 8 bytes, n 1 c 2 w 2 h 2, 250/1000 zero 0, 125/1000 zero 3",
    " type 2 sign 1 bits 8 fbits 0, 8 elements 8 bytes, n 1 c 2 w 2 h 2, 250/1000 zero 0, 125/1000 zero 3",
    " type 1 sign 1 bits 32 fbits 0, 8 elements 32 bytes, n 1 c 2 w 2 h 2",
    "node 0: type 18, body/scale",
    "node 1: type 0, body/add",
    "node 2: type 32, body/sum",
    "node 3: type 6, head",
    *OBSERVED,
    tiny_line("observed", 1),
    tiny_line("alone again", 2),
    *(line.replace("post", "init") for line in OBSERVED if "post" in line),
    *(line for line in OBSERVED if "post" in line),
    tiny_line("by structure", 3),
    "done",
]


#: program -> what it prints; the second does everything wrong
PROGRAMS = {"x_cube_ai": PRINTED, "x_cube_ai_misuse": [tiny_line("after all that", 1), "done"]}


@pytest.mark.parametrize("program", PROGRAMS)
def test_on_the_f405(program: str, tmp_path: Path) -> None:
    run = run_elf(build_firmware(program, MODELS, F405, tmp_path, programs=CLIENTS), machine_for_part(F405))
    assert run.output.splitlines() == PROGRAMS[program]
    assert run.status == 0


@pytest.mark.parametrize("program", PROGRAMS)
def test_on_the_host_under_sanitizers(program: str, tmp_path: Path) -> None:
    command = [build_host_program(program, MODELS, tmp_path, programs=CLIENTS)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (run.stderr, run.stdout.splitlines(), run.returncode) == ("", PROGRAMS[program], 0)
