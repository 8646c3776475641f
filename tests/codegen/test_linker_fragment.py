# SPDX-License-Identifier: Apache-2.0
"""The linker's fragment of memory pools: what it places, and what it finds wrong."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from arm_firmware import LinkError, link

from tvm_stm32.codegen.linker_fragment import Held, render_fragment
from tvm_stm32.device.part import find_part
from tvm_stm32.emulator.firmware import read_firmware
from tvm_stm32.errors import CapacityError, SettingsError

F405 = find_part("STM32F405RGT6")
ARRAY = Held("kws_activations", 100, 8, ".bss.kws_activations", "rw", "ccm", 0x10000000, 1024)
SECTIONED = replace(ARRAY, section=".data.kws", pool="ram", address=0x20000000, capacity=131072)


def linked(held: list[Held], section: str, folder: Path) -> int:
    """The address of an array in `section` of a program that is linked with the fragment."""
    (folder / "pools.ld").write_text(render_fragment("kws", [], held))
    source = (
        "#include <stdint.h>\nextern uint8_t kws_activations[100];\n"
        f'uint8_t kws_activations[100] __attribute__((section("{section}")));\n'
        "int main(void) { return kws_activations[5]; }\n"
    )
    return read_firmware(link(F405, source, folder, options=["-Wl,-T,pools.ld"])).address("kws_activations")


def test_an_array_goes_to_its_address(tmp_path: Path) -> None:
    assert linked([ARRAY], ".bss.kws_activations", tmp_path) == 0x10000000


def test_a_section_of_the_script_is_believed(tmp_path: Path) -> None:
    assert F405.ram.holds(linked([SECTIONED], ".data.kws", tmp_path), 100)


def test_a_section_that_the_script_does_not_know_is_refused_with_figures(tmp_path: Path) -> None:
    unknown = replace(SECTIONED, section=".ccm_data", pool="ccm", address=0x10000000, capacity=65536)
    said = (
        "kws_activations, 100 bytes, is not in the pool ccm, 65536 bytes at 0x10000000:"
        " does the linker script have the section .ccm_data?"
    )
    with pytest.raises(LinkError, match=re.escape(said)):
        linked([unknown], ".ccm_data", tmp_path)


def test_an_array_that_has_grown_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match="region `KWS_CCM' overflowed by 36 bytes"):
        linked([replace(ARRAY, size=60, capacity=64)], ".bss.kws_activations", tmp_path)


def test_more_than_a_pool_has_is_refused_with_figures() -> None:
    other = replace(ARRAY, symbol="wake_activations", section=".bss.wake_activations", size=921)
    with pytest.raises(
        CapacityError,
        match=r"pool ccm has 1,024 bytes, in it are to be 1,025: kws_activations 100, wake_activations 921",
    ):
        render_fragment("both", [], [ARRAY, other])
    assert "LENGTH = 1024" in render_fragment("both", [], [ARRAY, replace(other, size=920)])


def test_pools_that_overlap_are_refused_with_figures() -> None:
    other = replace(ARRAY, symbol="wake_activations", section=".bss.wake_activations", address=0x10000100, pool="top")
    with pytest.raises(SettingsError, match="pools ccm and top overlap by 768 bytes"):
        render_fragment("both", [], [ARRAY, other])
