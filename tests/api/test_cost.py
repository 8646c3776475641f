# SPDX-License-Identifier: Apache-2.0
"""What an ordinary firmware pays for another engine's interface: it is linked, measured, and run."""

from __future__ import annotations

from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from tests.api.layered import CLIENTS, layered
from tests.firmware.build import build_firmware
from tests.firmware.test_api import F405
from tests.tiny_models import total
from tvm_stm32.api.interface import LAYERS, choose
from tvm_stm32.emulator.firmware import read_firmware
from tvm_stm32.emulator.machine import machine_for_part
from tvm_stm32.emulator.run import run_elf

#: bytes of machine code in a firmware
LIMIT = 1024
PROGRAMS = sorted(path.stem for path in CLIENTS.glob("usual_*.c"))


def functions(path: Path) -> set[str]:
    """The functions of an object, static ones too."""
    with path.open("rb") as stream:
        symbols = ELFFile(stream).get_section_by_name(".symtab").iter_symbols()
        return {symbol.name for symbol in symbols if symbol["st_info"]["type"] == "STT_FUNC"}


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_ordinary_firmware_pays_less_than_a_kilobyte(program: str, tmp_path: Path) -> None:
    layer = LAYERS[program.removeprefix("usual_").replace("_", "-")]
    elf = build_firmware(program, [layered(total(), layer.name)], F405, tmp_path, programs=CLIENTS)
    linked = read_firmware(elf).symbols
    of_layer = {
        name
        for file in layer.files("total")
        if file.endswith(".c")
        for name in functions(tmp_path / f"{Path(file).stem}.o")
    }
    paid = {name: linked[name].size for name in of_layer & set(linked)}
    assert 100 < sum(paid.values()) <= LIMIT, paid
    assert not {"total_run_observed", "total_observable", "tvm_ai_run_observed"} & set(linked)
    run = run_elf(elf, machine_for_part(F405))
    assert run.output == "6\ndone\n"


def test_every_layer_of_this_kind_is_measured() -> None:
    assert {f"usual_{choose(name).layers[0].folder}" for name in ("x-cube-ai", "stai", "stm32-port")} <= set(PROGRAMS)
