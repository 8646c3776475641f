# SPDX-License-Identifier: Apache-2.0
"""Files of memory pools: this project's and ST's; and those that are refused, with the figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tvm_stm32.device.part import find_part
from tvm_stm32.device.pools import memory_pools, part_pools
from tvm_stm32.errors import SettingsError
from tvm_stm32.memory.pool_file import byte_count, read_pool_file
from tvm_stm32.memory.pools import Pool

F405 = find_part("STM32F405RGT6")


def pools_of(folder: Path, text: str, part: str | None = "STM32F405RGT6") -> tuple[Pool, ...]:
    (folder / "pools.yaml").write_text(text)
    return memory_pools(str(folder / "pools.yaml"), find_part(part) if part else None)


def test_a_yaml_file(tmp_path: Path) -> None:
    text = """
pools:
  - {name: CCM, memory: CCM, size: 16 KiB, internal: true, holds: [activations, weights]}
  - {name: sram, memory: ram, alignment: 32, speed: 5}
  - {name: own, section: .own, size: 0x100}
  - {name: qspi, kind: flash, address: 0x90000000, size: 8M, linked: false}
"""
    ccm, sram, own, qspi = pools_of(tmp_path, text)
    assert (ccm.name, ccm.address, ccm.size, ccm.speed) == ("ccm", 0x10000000, 16384, 0)
    assert (ccm.internal, ccm.weights, ccm.placed) == (True, True, True)
    assert (sram.address, sram.size, sram.alignment, sram.speed, sram.placed) == (0x20000000, 131072, 32, 5, False)
    assert (own.section, own.size, own.address, own.kind, own.placed) == (".own", 256, -1, "ram", False)
    assert (qspi.kind, qspi.size, qspi.weights, qspi.linked, qspi.placed) == ("flash", 8 << 20, True, False, True)


def st_pool(name: str, rights: str, grades: str, offset: str, size: str) -> dict[str, Any]:
    throughput, latency = grades.split()
    return {
        "fname": name.upper(),
        "name": name,
        "prop": {"rights": rights, "throughput": throughput, "latency": latency, "byteWidth": 8},
        "offset": {"value": offset, "magnitude": "BYTES"},
        "size": {"value": size, "magnitude": "KBYTES"},
    }


def test_st_json(tmp_path: Path) -> None:
    pools = [
        st_pool("axiRAM", "ACC_WRITE", "MID MID", "0x24000000", "512"),
        st_pool("D-TCM", "ACC_WRITE", "HIGH LOW", "0x20000000", "64"),
        st_pool("none", "ACC_WRITE", "HIGH LOW", "0x30000000", "0"),
        st_pool("octoFlash", "ACC_READ", "LOW HIGH", "0x90000000", "65536"),
    ]
    path = tmp_path / "board.json"
    path.write_text(json.dumps({"memory": {"memFilePrefix": "x", "mempools": pools}}, indent="\t"))
    axi, dtcm, octo = memory_pools(str(path), None)
    assert [(p.name, p.kind, p.address, p.size) for p in (axi, dtcm, octo)] == [
        ("axiram", "ram", 0x24000000, 512 << 10),
        ("d_tcm", "ram", 0x20000000, 64 << 10),
        ("octoflash", "flash", 0x90000000, 64 << 20),
    ]
    assert dtcm.speed < axi.speed < octo.speed


def test_pools_of_a_part() -> None:
    assert [(p.name, p.internal, p.placed, p.kind) for p in part_pools(F405)] == [
        ("ccm", True, True, "ram"),
        ("ram", False, False, "ram"),
        ("flash", False, False, "flash"),
    ]
    assert [p.size for p in part_pools(F405)] == [64 << 10, (128 << 10) - 4096, 1 << 20]  # the RAM has a stack


@pytest.mark.parametrize(
    ("amount", "unit", "size"),
    [(64, "", 64), ("0x40", "", 64), ("1.5K", "", 1536), ("2 MiB", "", 2 << 20), ("3", "KBYTES", 3072)],
)
def test_amounts(amount: int | str, unit: str, size: int) -> None:
    assert byte_count(amount, "", unit) == size


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pools: [{name: a, size: 10 miles}]", "'10 miles' is no number of bytes"),
        ("pools: [{name: a, size: 1.3}]", "'1.3' is no number|1.3 is no number|Expected `int"),
        ("pools: [{name: a, colour: red}]", "unknown field `colour`"),
        ("pools: [{name: a, holds: [bread]}]", "Invalid enum value 'bread'"),
        ("pools: 5", "Expected `array`"),
        ("pools: [", "neither YAML nor JSON"),
        ("[]", "Expected `object`"),
        ("pools: []", "no pool for activations"),
        ("pools: [{name: 1x}]", "'1x' cannot name a pool"),
        ("pools: [{name: weights}]", "'weights' cannot name a pool"),
        ("pools: [{name: a}, {name: A}]", "two pools are called a"),
        ("pools: [{name: a, size: 0}]", "it has no bytes"),
        ("pools: [{name: a, alignment: 12}]", "cannot be aligned to 12 bytes"),
        ("pools: [{name: a, alignment: 2}]", "cannot be aligned to 2 bytes"),
        ("pools: [{name: a, address: 0x20000004, size: 64, alignment: 8}]", "0x20000004 is no multiple"),
        ("pools: [{name: a, address: 0x20000000}]", "needs a size"),
        ("pools: [{name: a, address: 0xfffffff0, size: 64}]", "ends beyond 32 bits"),
        ("pools: [{name: a, memory: DTCM}]", "has no memory 'DTCM'"),
        ("pools: [{name: a, memory: CCM, size: 65K}]", r"a \(66,560 bytes at 0x10000000\) is not inside CCM of 65,536"),
        ("pools: [{name: a}, {name: f, kind: flash, linked: false}]", "need a flash at a known address"),
        ("pools: [{name: a}, {name: f, kind: flash, holds: [activations]}]", "activations cannot be in flash"),
        ("pools: [{name: a, holds: [weights]}]", "needs a size"),
        (
            "pools: [{name: a, address: 0x20000000, size: 64K}, {name: b, address: 0x2000ff00, size: 1K}]",
            r"a \(65,536 bytes at 0x20000000\) and b \(1,024 bytes at 0x2000ff00\) overlap by 256 bytes",
        ),
        (
            "pools: [{name: r}, {name: a, kind: flash, address: 0x90000000, size: 1K, linked: false},"
            " {name: b, kind: flash, address: 0x91000000, size: 1K, linked: false}]",
            "more than one pool is not linked",
        ),
    ],
)
def test_what_is_refused(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=said):
        pools_of(tmp_path, text)


def test_a_memory_needs_its_part(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="whose memory CCM is it"):
        pools_of(tmp_path, "pools: [{name: a, memory: CCM}]", part=None)
    with pytest.raises(SettingsError, match="the pools of which part"):
        memory_pools("part", None)


def test_an_unknown_memory_is_answered_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as error:
        pools_of(tmp_path, "pools: [{name: a, memory: DTCM}]")
    assert error.value.hint.startswith("it has FLASH (1,048,576 bytes), RAM (131,072 bytes), CCM (65,536 bytes)")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot read the memory pools: No such file"):
        read_pool_file(tmp_path / "none.yaml")
