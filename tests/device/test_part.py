# SPDX-License-Identifier: Apache-2.0
"""Parts by number: names that are forgiven, names that are refused, and the data of every family."""

from __future__ import annotations

import pytest
from modm_devices.parser import DeviceParser

from tvm_stm32.device import part as part_module
from tvm_stm32.device.part import Interrupt, MemoryRegion, find_part
from tvm_stm32.errors import SettingsError


def one_part_of_each_file() -> list[str]:
    """For each XML file of modm-devices the part that comes first."""
    first: dict[str, str] = {}
    for name, file in sorted(part_module._index().items()):
        first.setdefault(file, name)
    return sorted(first.values())


def test_stm32f405() -> None:
    part = find_part("STM32F405RGT6")
    assert (part.name, part.cpu, part.fpu, part.float_abi) == ("STM32F405RGT6", "cortex-m4", "fpv4-sp-d16", "hard")
    assert part.memory == (
        MemoryRegion("flash", 0x08000000, 1 << 20, "rx"),
        MemoryRegion("ccm", 0x10000000, 64 << 10, "rw"),
        MemoryRegion("sram1", 0x20000000, 112 << 10, "rwx"),
        MemoryRegion("sram2", 0x2001C000, 16 << 10, "rwx"),
        MemoryRegion("backup", 0x40024000, 4 << 10, "rwx"),
    )
    assert part.flash == MemoryRegion("FLASH", 0x08000000, 1 << 20, "rx")
    assert part.ram == MemoryRegion("RAM", 0x20000000, 128 << 10, "rwx")  # sram1 and sram2, without a gap
    assert [region.name for region in part.other_ram] == ["CCM", "BACKUP"]
    assert part.interrupts[0] == Interrupt(0, "WWDG")
    assert part.interrupts[-1] == Interrupt(81, "FPU")


def test_a_part_without_fpu() -> None:
    part = find_part("STM32F100RBT6")
    assert (part.cpu, part.fpu, part.float_abi) == ("cortex-m3", None, "soft")
    assert (part.flash.size, part.ram.size) == (128 << 10, 8 << 10)


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("stm32f405rgt6", "STM32F405RGT6"),
        (" STM32F405RGT6 ", "STM32F405RGT6"),
        ("STM32F405RG", "STM32F405RG"),
        ("STM32F405RGTx", "STM32F405RGTX"),
        ("STM32F405RGT6TR", "STM32F405RGT6"),
        ("STM32F405xG", "STM32F405XG"),
    ],
)
def test_forgiven_names(asked: str, name: str) -> None:
    part = find_part(asked)
    assert part.name == name
    assert part.memory == find_part("STM32F405RGT6").memory


def test_two_cores_need_one_named() -> None:
    with pytest.raises(SettingsError, match="more than one core") as error:
        find_part("STM32H745ZIT6")
    assert "STM32H745ZIT6@m4, STM32H745ZIT6@m7" in error.value.hint
    assert find_part("STM32H745ZIT6@m7").cpu == "cortex-m7"
    assert find_part("stm32h745zi@M4").cpu == "cortex-m4"


def test_trustzone_parts_have_the_nonsecure_addresses() -> None:
    part = find_part("STM32U575ZIT6")
    assert (part.flash.start, part.ram.start) == (0x08000000, 0x20000000)
    assert {region.name for region in part.memory} == {"flash", "sram1", "sram2", "sram3", "sram4", "backup"}


@pytest.mark.parametrize("name", ["", "x", "STM32", "STM32F4", "STM32N657X0", "ATMEGA328", "STM32F405RGT6@m7"])
def test_unknown_parts(name: str) -> None:
    with pytest.raises(SettingsError, match="no STM32 part"):
        find_part(name)


def test_an_unknown_part_has_near_ones() -> None:
    with pytest.raises(SettingsError) as error:
        find_part("STM32F405RXT6Q9")
    assert "STM32F405RGT6" in error.value.hint


def test_an_ambiguous_name_lists_the_parts() -> None:
    with pytest.raises(SettingsError, match="8 parts that differ") as error:
        find_part("STM32F405")
    assert "STM32F405OEY6" in error.value.hint


def test_one_file_is_parsed_for_one_part(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = []
    parse = DeviceParser.parse
    monkeypatch.setattr(DeviceParser, "parse", lambda self, path: (parsed.append(path), parse(self, path))[1])
    part_module._read.cache_clear()
    find_part("STM32G071RBT6")
    find_part("STM32G071RBT6")
    assert len(parsed) == 1


def test_every_family_has_flash_and_ram() -> None:
    for name in one_part_of_each_file():
        part = find_part(name)
        assert part.flash.size >= 8 << 10, name
        assert part.ram.size >= 2 << 10, name
        assert not any(part.ram.holds(region.start) for region in part.other_ram), name
        assert bool(part.fpu) == (part.fpu in part.core.fpus), name
        positions = [interrupt.position for interrupt in part.interrupts]
        assert positions == sorted(set(positions)), name
