# SPDX-License-Identifier: Apache-2.0
"""Firmware of ST Edge AI linked with our libraries: on an emulated STM32F405, and on the host under sanitizers."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.api.layered import CLIENTS, layered, without_weights
from tests.firmware.build import build_firmware, build_host_program
from tests.firmware.test_api import F405, tiny_line, total_line
from tests.tiny_models import tiny, total
from tvm_stm32.emulator.machine import machine_for_part
from tvm_stm32.emulator.run import run_elf

MODELS = [layered(model, "stai") for model in (tiny(), tiny("outside", "application", "application"), total())]

#: MUL, ADD, one without a number (CUMSUM), DEQUANTIZE
NODES = ((18, "body/scale"), (0, "body/add"), (32, "body/sum"), (6, "head"))
PRINTED = [
    tiny_line("first", 1),
    tiny_line("second", 2),
    tiny_line("first again", 3),
    tiny_line("moved", 4),
    tiny_line("copied weights", 5),
    without_weights("no weights", 5),
    tiny_line("outside", 6),
    tiny_line("elsewhere", 7),
    tiny_line("still elsewhere", 8),
    *(line for seed in (1, 2) for line in (tiny_line("tiny", seed), total_line(seed))),
    "tiny 01234567: tool 1.2.3, api 1.0.0, 16 MACC, 4 nodes",
    " 56 bytes of activations, 24 of weights, 0 states",
    " x:0: type 2 sign 1 bits 8, 8 bytes, flags 181 1x2x2x2, 500/1000 zero -128",
    " side: type 2 sign 1 bits 8, 8 bytes, flags 181 1x2x2x2, 250/1000 zero 0, 125/1000 zero 3",
    " sums: type 2 sign 1 bits 8, 8 bytes, flags 181 1x2x2x2, 250/1000 zero 0, 125/1000 zero 3",
    " real: type 1 sign 1 bits 32, 32 bytes, flags 181 1x2x2x2",
    "node 0: type 18, body/scale, x:0 and 0 more -> scaled",
    "node 1: type 0, body/add, scaled and 1 more -> added",
    "node 2: type 32, body/sum, added and 0 more -> sums",
    "node 3: type 6, head, sums and 0 more -> real",
    *(
        f"{event} node {index} type {kind} {name}"
        for index, (kind, name) in enumerate(NODES)
        for event in ("start", "stop")
    ),
    tiny_line("observed", 1),
    tiny_line("alone", 2),
    tiny_line("after all that", 3),
    "done",
]


def test_on_the_f405(tmp_path: Path) -> None:
    run = run_elf(build_firmware("stai", MODELS, F405, tmp_path, programs=CLIENTS), machine_for_part(F405))
    assert run.output.splitlines() == PRINTED
    assert run.status == 0


def test_on_the_host_under_sanitizers(tmp_path: Path) -> None:
    command = [build_host_program("stai", MODELS, tmp_path, programs=CLIENTS)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (run.stderr, run.stdout.splitlines(), run.returncode) == ("", PRINTED, 0)
