# SPDX-License-Identifier: Apache-2.0
"""The size table of programs whose sizes are known."""

from __future__ import annotations

from pathlib import Path

import pytest
from arm_firmware import link

from tvm_stm32.cli import main
from tvm_stm32.device.part import find_part
from tvm_stm32.errors import ToolError
from tvm_stm32.report.size import RegionUse, read_sizes, size_table

F405 = find_part("STM32F405RGT6")
PROGRAM = """
#include <stdint.h>
extern const uint8_t kws_weights[1000], ad_weights[24];
const uint8_t kws_weights[1000] __attribute__((section(".rodata.kws_weights"))) = {1};
const uint8_t ad_weights[24] __attribute__((section(".rodata.ad_weights"))) = {1};
extern uint8_t kws_activations[2048], ad_activations[512];
uint8_t kws_activations[2048] __attribute__((section(".bss.kws_activations")));
uint8_t ad_activations[512] __attribute__((section(".bss.ad_activations")));
extern const uint8_t table[200];
const uint8_t table[200] = {1};
static volatile uint8_t data[80] = {1};
static volatile uint8_t zero[400];
int main(void)
{
    kws_activations[0] = (uint8_t)(kws_weights[zero[0]] + ad_weights[zero[1]] + ad_activations[zero[2]]);
    return table[zero[3]] + data[zero[4]];
}
"""


def kinds(uses: list[RegionUse]) -> dict[str, dict[str, int]]:
    return {use.region.name: {kind.kind: kind.size for kind in use.uses} for use in uses}


def test_sizes_by_kind(tmp_path: Path) -> None:
    found = kinds(read_sizes(link(F405, PROGRAM, tmp_path), F405))
    flash = found["FLASH"]
    assert list(found) == ["FLASH", "RAM"]
    assert found["RAM"] == {"data": 80, "activations": 2560, "bss": 400, "stack": 4096}
    assert (flash["weights"], flash["data"]) == (1024, 80)
    assert flash["constants"] >= 200
    assert flash["text"] > 98 * 4  # the vector table alone


def test_placed_activations(tmp_path: Path) -> None:
    found = kinds(read_sizes(link(F405, PROGRAM, tmp_path, placements={"kws_activations": "CCM"}), F405))
    assert found["CCM"] == {"activations": 2048}
    assert found["RAM"]["activations"] == 512


def test_the_table(tmp_path: Path) -> None:
    elf = link(F405, PROGRAM, tmp_path, placements={"kws_activations": "CCM"})
    table = size_table(read_sizes(elf, F405))
    ram = table[table.index("RAM") :]
    assert (
        ram
        == """\
RAM               131,072  at 0x20000000
  data                 80    0.1 %
  activations         512    0.4 %
  bss                 400    0.3 %
  stack             4,096    3.1 %
  used              5,088    3.9 %
  free            125,984   96.1 %
CCM                65,536  at 0x10000000
  activations       2,048    3.1 %
  used              2,048    3.1 %
  free             63,488   96.9 %"""
    )


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    elf = link(F405, PROGRAM, tmp_path)
    assert main(["size", str(elf), "--part", "stm32f405rg"]) == 0
    assert capsys.readouterr().out == size_table(read_sizes(elf, F405)) + "\n"


def test_a_program_for_another_part_is_refused(tmp_path: Path) -> None:
    elf = link(F405, PROGRAM, tmp_path)
    with pytest.raises(ToolError, match=r"STM32WB09KEV6 has no memory for section \.vectors, 392 bytes at 0x08000000"):
        read_sizes(elf, find_part("STM32WB09KEV6"))


def test_what_is_no_program_is_refused(tmp_path: Path) -> None:
    (tmp_path / "no.elf").write_text("no")
    with pytest.raises(ToolError, match="no ELF file"):
        read_sizes(tmp_path / "no.elf", F405)
    with pytest.raises(ToolError, match="cannot read the program"):
        read_sizes(tmp_path / "missing.elf", F405)


def test_memory_outside_of_the_part(tmp_path: Path) -> None:
    """Arrays and weights in pools count as what they are, external ones too."""
    (tmp_path / "pools.ld").write_text(
        "MEMORY { QSPI (r) : ORIGIN = 0x90000000, LENGTH = 1M }\n"
        "SECTIONS { .kws_weights_qspi : { *(.rodata.kws_weights_qspi) } > QSPI } INSERT BEFORE .text;\n"
    )
    program = PROGRAM.replace("ad_weights", "kws_weights_qspi").replace("ad_activations", "kws_activations_ram")
    found = kinds(read_sizes(link(F405, program, tmp_path, options=["-Wl,-T,pools.ld"]), F405))
    assert found["EXTERNAL"] == {"weights": 24}
    assert found["FLASH"]["weights"] == 1000
