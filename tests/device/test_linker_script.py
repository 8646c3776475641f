# SPDX-License-Identifier: Apache-2.0
"""Programs linked for parts of many families: where things lie, and what is refused."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from arm_firmware import LinkError, link
from elftools.elf.elffile import ELFFile

from tvm_stm32.device.linker_script import default_stack_size, render_linker_script
from tvm_stm32.device.part import find_part
from tvm_stm32.errors import SettingsError

F405 = find_part("STM32F405RGT6")

PROGRAM = """
#include <stdint.h>
extern const uint8_t kws_weights[1000];
const uint8_t kws_weights[1000] __attribute__((section(".rodata.kws_weights"))) = {1};
extern uint8_t kws_activations[2048];
uint8_t kws_activations[2048] __attribute__((section(".bss.kws_activations")));
extern uint8_t unused_activations[2048];
uint8_t unused_activations[2048] __attribute__((section(".bss.unused_activations")));
static volatile uint32_t counter = 5;
int main(void) { return kws_weights[counter] + kws_activations[counter]; }
"""


def sections(elf: Path) -> dict[str, tuple[int, int]]:
    with elf.open("rb") as file:
        return {s.name: (s["sh_addr"], s["sh_size"]) for s in ELFFile(file).iter_sections()}


def symbols(elf: Path) -> dict[str, int]:
    with elf.open("rb") as file:
        return {s.name: s["st_value"] for s in ELFFile(file).get_section_by_name(".symtab").iter_symbols()}


@pytest.mark.parametrize(
    "name",
    """STM32C011D6Y6 STM32F030F4P6 STM32F100RBT6 STM32F103C8T6 STM32F303CCT6 STM32F405RGT6 STM32F746ZGT6
    STM32G071RBT6 STM32G474RET6 STM32H503CBT6 STM32H743ZIT6 STM32H745ZIT6@m4 STM32H745ZIT6@m7 STM32H7R3Z8T6
    STM32L053R8T6 STM32L152RET6 STM32L476RGT6 STM32L552ZET6 STM32U073RCT6 STM32U575ZIT6 STM32WB09KEV6 STM32WB55RGV6
    STM32WLE5JCI6""".split(),
)
def test_a_program_links_for(name: str, tmp_path: Path) -> None:
    part = find_part(name)
    elf = link(part, PROGRAM, tmp_path)
    found, names = sections(elf), symbols(elf)
    assert found[".vectors"][0] == part.flash.start
    with elf.open("rb") as file:
        stack, reset = struct.unpack("<II", ELFFile(file).get_section_by_name(".vectors").data()[:8])
    assert stack == names["__stack_top"]
    assert stack % 8 == 0
    assert reset == names["Reset_Handler"]
    assert reset & 1
    assert part.ram.holds(names["__stack_limit"], default_stack_size(part))
    assert part.ram.holds(*found[".data"])
    assert part.ram.holds(*found[".activations"])
    assert part.flash.holds(*found[".weights"])
    assert found[".activations"][1] == 2048  # of two arrays the one that is used
    assert found[".weights"][1] == 1000


def test_the_stack_lies_lowest() -> None:
    script = render_linker_script(F405)
    assert script.index(".stack") < script.index(".data :") < script.index(".bss (NOLOAD)")


def test_activations_are_placed_in_ccm(tmp_path: Path) -> None:
    elf = link(F405, PROGRAM, tmp_path, placements={"kws_activations": "ccm"})
    assert symbols(elf)["kws_activations"] == 0x10000000
    assert sections(elf)[".kws_activations"] == (0x10000000, 2048)
    assert sections(elf)[".activations"][1] == 0


def test_the_linker_sets_the_stack_size(tmp_path: Path) -> None:
    names = symbols(link(F405, PROGRAM, tmp_path, options=["-Wl,--defsym=__stack_size=0x2000"]))
    assert names["__stack_top"] - names["__stack_limit"] == 0x2000


def test_too_much_data_is_refused(tmp_path: Path) -> None:
    source = "static volatile char data[129 * 1024]; int main(void) { return data[5]; }\n"
    with pytest.raises(LinkError, match="region `RAM' overflowed"):
        link(F405, source, tmp_path)


def test_a_heap_without_room_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match="no room for the heap"):
        link(F405, PROGRAM, tmp_path, options=["-Wl,--defsym=__heap_size=0x1fff0"])


def test_an_unknown_memory_is_refused() -> None:
    with pytest.raises(SettingsError, match="no memory 'dtcm' to place kws_activations in") as error:
        render_linker_script(F405, placements={"kws_activations": "dtcm"})
    assert error.value.hint == "it has: RAM, CCM, BACKUP"


def test_a_stack_larger_than_the_ram_is_refused() -> None:
    with pytest.raises(SettingsError, match="do not fit the RAM of 131072 bytes"):
        render_linker_script(F405, stack_size=100_000, heap_size=100_000)
