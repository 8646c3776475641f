# SPDX-License-Identifier: Apache-2.0
"""Where the data of STM32 parts come from: the package modm-devices, and ``parts.json`` for what it lacks.

modm-devices has one XML file for a group of parts and an index from part number to file; only the files of the parts
asked for are parsed, which takes a few hundredths of a second each. ``parts.json`` has its form, the driver "core" of a
device, with the document that each group of parts was taken from, and the number of interrupts in place of their table.
It also corrects sizes that modm-devices has wrong.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

#: A driver "core" of modm-devices: ``type``, ``fpu``, ``memory`` and ``vector``.
Driver = dict[str, Any]


@cache
def part_numbers() -> dict[str, str]:
    """Every part number in lower case, "@" and the core's name behind it where there are two -> where its data are."""
    text = files("modm_devices").joinpath("resources/devices/db.json").read_text(encoding="utf-8")
    families: dict[str, dict[str, str]] = json.loads(text)
    known = {
        part: file for family, parts in families.items() if family.startswith("stm32") for part, file in parts.items()
    }
    known |= {other: known[same] for other, same in _alike().items()}
    return known | dict.fromkeys(_own(), "parts.json")


@cache
def read_drivers(numbers: tuple[str, ...]) -> dict[str, Driver]:
    """Part number -> the driver "core", for `numbers` as `part_numbers` spells them."""
    own, index, alike = _own(), part_numbers(), _alike()
    wanted = {number: alike.get(number, number) for number in numbers if number not in own}
    parsed = _parse(frozenset(wanted.values()), tuple(sorted({index[number] for number in wanted})))
    return {number: own[number] if number in own else _corrected(number, parsed[wanted[number]]) for number in numbers}


def _parse(wanted: frozenset[str], paths: tuple[str, ...]) -> dict[str, Driver]:
    """The drivers of the parts `wanted`, from XML files."""
    # Imported here: lxml behind it takes longer to load than the rest of this module.
    from modm_devices.parser import DeviceParser

    folder = files("modm_devices").joinpath("resources/devices")
    drivers = {}
    for path in paths:
        group = DeviceParser().parse(str(folder / path))
        for driver in group.rootnode.findall("device/driver"):
            if driver.get("name") != "core":  # each part of the group would convert all of them
                driver.getparent().remove(driver)
        for device in group.get_devices():
            if device.partname in wanted:
                drivers[device.partname] = _corrected(device.partname, device.get_driver("core"))
    return drivers


def _corrected(part: str, driver: Driver) -> Driver:
    """`driver` with the sizes that ``parts.json`` has for `part`; a memory of no size is left out."""
    sizes = _corrections().get(part, {})
    memory = [region | {"size": sizes.get(region["name"], region["size"])} for region in driver["memory"]]
    return driver | {"memory": [region for region in memory if region["size"] != "0"]}


@cache
def _corrections() -> dict[str, dict[str, str]]:
    """Part -> name of a memory -> its size in bytes."""
    return {part: entry["sizes"] for entry in _supplement()["corrections"] for part in entry["parts"]}


@cache
def _supplement() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(files("tvm_stm32.device").joinpath("parts.json").read_text(encoding="utf-8"))
    return content


@cache
def _own() -> dict[str, Driver]:
    """The parts of ``parts.json`` that modm-devices has not."""
    return {
        part: group | {"vector": [{"position": n, "name": f"IRQ{n}"} for n in range(group["interrupts"])]}
        for group in _supplement()["groups"]
        for part in group["parts"]
    }


@cache
def _alike() -> dict[str, str]:
    """Parts of ``parts.json`` that are what another one is, as a module with it, but for corrected sizes -> that."""
    return {entry["part"]: entry["like"] for entry in _supplement()["alike"]}
