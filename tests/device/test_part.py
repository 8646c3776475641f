# SPDX-License-Identifier: Apache-2.0
"""Parts by number: names that are forgiven, names that are refused, and the data of every family."""

from __future__ import annotations

import itertools
import json
import re
from importlib.resources import files

import pytest
from modm_devices.parser import DeviceParser

from tvm_stm32.device import database
from tvm_stm32.device.part import Interrupt, MemoryRegion, Part, find_part, part_numbers, read_parts
from tvm_stm32.device.pools import part_pools
from tvm_stm32.errors import SettingsError


def one_part_of_each_file() -> list[str]:
    """For each file with data the part that comes first."""
    first: dict[str, str] = {}
    for name, file in sorted(database.part_numbers().items()):
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
        ("f405rgt6", "STM32F405RGT6"),
        ("STM32-F405 RG", "STM32F405RG"),
        ("STM32F405RGV7", "STM32F405RGV7"),
    ],
)
def test_forgiven_names(asked: str, name: str) -> None:
    part = find_part(asked)
    assert part.name == name
    assert part.memory == find_part("STM32F405RGT6").memory


@pytest.mark.parametrize(
    ("asked", "flash", "ram"),
    [
        ("STM32G431RB", 128, 22),
        ("STM32G431RBTx", 128, 22),
        ("STM32G431RBT6Z", 112, 22),
        ("STM32L152RB", 128, 16),
        ("STM32L152RBT6A", 128, 32),
    ],
)
def test_an_option_that_changes_the_memory_must_be_named(asked: str, flash: int, ram: int) -> None:
    part = find_part(asked)
    assert (part.flash.size >> 10, part.ram.size >> 10) == (flash, ram)


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


@pytest.mark.parametrize("name", ["", "x", "STM32", "STM32F4", "STM32WBA20CE", "ATMEGA328", "STM32F405RGT6@m7"])
def test_unknown_parts(name: str) -> None:
    with pytest.raises(SettingsError, match="no STM32 part"):
        find_part(name)


def test_an_unknown_part_has_near_ones() -> None:
    with pytest.raises(SettingsError) as error:
        find_part("STM32F405RXT6Q9")
    assert "STM32F405RGT6" in error.value.hint


def test_near_ones_can_be_asked_for_as_they_are_told() -> None:
    with pytest.raises(SettingsError, match="there is no STM32 part 'mp159caa'") as error:
        find_part("mp159caa")
    first = error.value.hint.removeprefix("near it: ").split(", ")[0]
    assert first.endswith("@m4") and find_part(first).name == first


def test_an_ambiguous_name_lists_the_parts() -> None:
    with pytest.raises(SettingsError, match="8 parts that differ") as error:
        find_part("STM32F405")
    assert "STM32F405OEY6" in error.value.hint


def test_one_file_is_parsed_for_one_part(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = []
    parse = DeviceParser.parse
    monkeypatch.setattr(DeviceParser, "parse", lambda self, path: (parsed.append(path), parse(self, path))[1])
    database.read_drivers.cache_clear()
    find_part("STM32G071RBT6")
    find_part("STM32G071RBT6")
    assert len(parsed) == 1


def test_no_memory_is_there_twice() -> None:
    """Neither under two names nor at two addresses: pools in both would overwrite each other."""
    assert [region.name for region in find_part("STM32F413ZHT6").other_ram] == ["BACKUP"]
    for name in one_part_of_each_file():
        regions = find_part(name).memory
        assert all(before.end <= after.start for before, after in itertools.pairwise(regions)), name


def test_every_family_has_flash_and_ram() -> None:
    for name in one_part_of_each_file():
        part = find_part(name)
        assert part.flash.size >= 8 << 10, name
        assert part.ram.size >= 2 << 10, name
        assert not any(part.ram.holds(region.start) for region in part.other_ram), name
        assert bool(part.fpu) == (part.fpu in part.core.fpus), name
        positions = [interrupt.position for interrupt in part.interrupts]
        assert positions == sorted(set(positions)), name


# --- what modm-devices lacks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "cpu", "flash", "ram"),
    [
        ("STM32WBA23CEU7TR", "cortex-m33", 512, 96),
        ("STM32WBA25HEF6", "cortex-m33", 512, 96),
        ("STM32WBA50KEU6", "cortex-m33", 512, 48),
        ("STM32WBA50KGU6", "cortex-m33", 1024, 48),
        ("STM32WBA52CEU6TR", "cortex-m33", 512, 64),
        ("STM32WBA55CGU7", "cortex-m33", 1024, 128),
        ("STM32WBA65RIV7", "cortex-m33", 2048, 512),
        ("STM32C531CBT6", "cortex-m33", 64, 64),  # one of two banks with a gap between them
        ("STM32C562RET6", "cortex-m33", 512, 128),
        ("STM32C5A3ZGT6", "cortex-m33", 1024, 256),
        ("STM32WB5MMGH6TR", "cortex-m4", 1024, 192),
        ("STM32F750N8H6", "cortex-m7", 64, 320),  # modm-devices: 1024
        ("STM32L496AEI6", "cortex-m4", 512, 256),  # likewise
        ("STM32G071K6U6", "cortex-m0plus", 32, 36),
        ("STM32L041C4T6", "cortex-m0plus", 16, 8),
        ("STM32F303RBT6", "cortex-m4", 128, 32),  # modm-devices: 40 of RAM
    ],
)
def test_supplement(name: str, cpu: str, flash: int, ram: int) -> None:
    part = find_part(name)
    assert (part.cpu, part.flash.size >> 10, part.ram.size >> 10) == (cpu, flash, ram)
    assert part.flash.start == 0x08000000


@pytest.mark.parametrize("name", ["STM32N657X0H3Q", "stm32n657x0h3qtr", "STM32N645Z0", "n655"])
def test_stm32n6_runs_from_the_ram_that_its_boot_rom_loads(name: str) -> None:
    part = find_part(name)
    assert (part.cpu, part.compiler_flags()) == ("cortex-m55", ["-mcpu=cortex-m55", "-mthumb", "-mfloat-abi=hard"])
    assert part.flash == MemoryRegion("FLASH", 0x34180400, 511 << 10, "rx")
    assert part.ram == MemoryRegion("RAM", 0x34000000, 1536 << 10, "rwx")
    assert part.interrupts[-1] == Interrupt(194, "IRQ194")


@pytest.mark.parametrize("name", ["STM32MP157CAC3", "stm32mp157cac3t", "STM32MP151@m4", "mp153f"])
def test_cortex_m4_of_stm32mp1_has_its_vectors_apart(name: str) -> None:
    """It is loaded into RAM by the other core: the table to where the core looks for it, the rest behind no gap."""
    part = find_part(name)
    assert (part.cpu, part.fpu, len(part.interrupts)) == ("cortex-m4", "fpv4-sp-d16", 150)
    assert part.vectors == MemoryRegion("VECTORS", 0x00000000, 1024, "rx")
    assert part.vectors.size >= 4 * (16 + len(part.interrupts))
    assert part.flash == MemoryRegion("FLASH", 0x10000000, 128 << 10, "rx")
    assert part.ram == MemoryRegion("RAM", part.flash.end, 128 << 10, "rwx")
    assert part.other_ram == (MemoryRegion("RETRAM", part.vectors.end, 63 << 10, "rw"),)
    assert [pool.name for pool in part_pools(part)] == ["ram", "retram", "flash"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("STM32MP135FAF7", "an STM32MP13 has no Cortex-M, so there is no part 'STM32MP135FAF7'"),
        ("mp257f", "the memory of an STM32MP2's Cortex-M33 is what the device tree of its Linux leaves to it, so"),
        ("STM32MP157CAC3@a7", "there is no STM32 part 'STM32MP157CAC3@a7'"),
    ],
)
def test_other_processors(name: str, message: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(message)):
        find_part(name)


def test_supplement_has_nothing_that_modm_devices_has() -> None:
    """It would go unseen when a newer modm-devices knows better."""
    text = files("modm_devices").joinpath("resources/devices/db.json").read_text(encoding="utf-8")
    known = [part for parts in json.loads(text).values() for part in parts]
    own = [number for number, source in database.part_numbers().items() if source == "parts.json"]
    assert len(own) == 228
    assert not {known_one for known_one in known for number in own if known_one.startswith(number)}
    assert not set(database._alike()) & set(known)
    assert set(database._alike().values()) | set(database._corrections()) - set(database._alike()) <= set(known)


#: KiB of flash by the letter before the package's, as ST's ordering codes have it
CAPACITY = {"3": 8, "4": 16, "5": 24, "6": 32, "7": 48, "8": 64, "b": 128, "z": 192, "c": 256, "d": 384, "e": 512}
CAPACITY |= {"f": 768, "g": 1024, "h": 1536, "i": 2048, "j": 4096, "k": 3072, "y": 640}


def test_no_part_has_more_flash_than_its_number_says() -> None:
    """A program that links must fit. Parts may have less in one piece than in all; N6 and MP1 have none."""
    checked = 0
    for part in one_part_of_each_capacity():
        letter = re.match(r"stm32(?:wba..|....).([0-9a-z])", part.name.lower())
        assert letter
        if part.name.startswith(("STM32WB1", "STM32N6", "STM32MP1")):  # 320 KiB behind the letter of 256
            continue
        checked += 1
        assert part.flash.size <= CAPACITY[letter[1]] << 10, part.name
    assert checked > 350


def one_part_of_each_capacity() -> list[Part]:
    """Of each line, such as STM32F405, one part for each size of flash."""
    chosen: dict[tuple[str, str], str] = {}
    for name in part_numbers():
        pins = 10 if name.startswith("stm32wba") else 9
        chosen.setdefault((name[:pins], name[pins + 1]), name)
    return read_parts(tuple(sorted(chosen.values())))
