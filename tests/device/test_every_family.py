# SPDX-License-Identifier: Apache-2.0
"""Parts of every family: a program links with the linker script of each, and lies where the part has memory.

One object is compiled for each core and float ABI, so that a part costs a link. What came out is read by binutils.
"""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest
from arm_firmware import GCC, WARNINGS

from tvm_stm32.device.linker_script import linker_regions, render_linker_script
from tvm_stm32.device.part import Part, part_numbers, read_parts

PROGRAM = """
#include <stdint.h>
extern uint32_t __stack_top[];
void Reset_Handler(void);
extern const void *const vectors[2];
__attribute__((section(".vectors"), used)) const void *const vectors[2] = {__stack_top, (const void *)Reset_Handler};
extern const uint8_t kws_weights[64];
const uint8_t kws_weights[64] __attribute__((section(".rodata.kws_weights"))) = {1};
extern uint8_t kws_activations[128];
uint8_t kws_activations[128] __attribute__((section(".bss.kws_activations")));
static volatile uint32_t counter = 5;
void Reset_Handler(void)
{
    counter += kws_weights[counter] + kws_activations[counter];
}
"""


@cache
def sample() -> tuple[Part, ...]:
    """One part of each line, such as STM32F405, and the core of each such part with two."""
    chosen: dict[tuple[str, str], str] = {}
    for name in part_numbers():
        chosen.setdefault((name[:9], name.partition("@")[2]), name)
    return tuple(read_parts(tuple(sorted(chosen.values()))))


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], Path]:
    """Machine flags -> `PROGRAM` compiled with them."""
    folder = tmp_path_factory.mktemp("objects")
    (folder / "program.c").write_text(PROGRAM)
    compiled = {}
    for flags in sorted({tuple(part.compiler_flags()) for part in sample()}):
        compiled[flags] = folder / f"{len(compiled)}.o"
        command = [GCC, *flags, *WARNINGS, "-Wno-pedantic", "-O1", "-ffreestanding", "-c", "program.c", "-o"]
        subprocess.run([*command, compiled[flags].name], cwd=folder, check=True, timeout=60)
    return compiled


def test_sample_covers_every_family() -> None:
    assert len(sample()) >= 150
    families = {name[:7] for name in part_numbers()}
    assert {part.name[:7].lower() for part in sample()} == families
    assert families >= {f"stm32{family}" for family in "c0 c5 f4 f7 g0 g4 h5 h7 l0 l5 mp n6 u0 u3 u5 wb wl".split()}


def test_each_links(objects: dict[tuple[str, ...], Path], tmp_path: Path) -> None:
    for part in sample():
        (tmp_path / "link.ld").write_text(render_linker_script(part))
        command = ["arm-none-eabi-ld", "--gc-sections", "--fatal-warnings", "--print-memory-usage", "-T", "link.ld"]
        command += ["-e", "Reset_Handler", "-o", "program.elf", str(objects[tuple(part.compiler_flags())])]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, ""), f"{part.name}: {done.stderr}"
        wanted = {region.name: region.size for region in linker_regions(part)}
        assert region_sizes(done.stdout) == wanted, part.name
        check(part, *read(tmp_path / "program.elf"))


def check(part: Part, sections: dict[str, tuple[int, int]], symbols: dict[str, int]) -> None:
    """Vectors come first, mostly in flash; code and weights are in flash, the rest in RAM, the stack at its bottom."""
    assert sections[".vectors"] == (part.vectors.start, 8), part.name
    assert sections[".vectors"][0] % 128 == 0, f"{part.name}: VTOR has no bits for this address"
    for name in (".text", ".weights"):
        assert part.flash.holds(*sections[name]), (part.name, name)
    for name in (".stack", ".data", ".activations"):
        assert part.ram.holds(*sections[name]), (part.name, name)
    assert symbols["__stack_limit"] == part.ram.start, part.name
    assert symbols["__heap_end"] == part.ram.end, part.name


def region_sizes(printed: str) -> dict[str, int]:
    """Name -> bytes of each memory, from what ``ld --print-memory-usage`` prints."""
    units = {"B": 1, "KB": 1 << 10, "MB": 1 << 20}
    found = re.findall(r"^ *(\w+): +\d+ \w+ +(\d+) (\w+) ", printed, re.MULTILINE)
    return {name: int(size) * units[unit] for name, size, unit in found}


def read(elf: Path) -> tuple[dict[str, tuple[int, int]], dict[str, int]]:
    """Sections (address, size) and symbols (address), as readelf prints them."""
    command = ["arm-none-eabi-readelf", "-SsW", str(elf)]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    sections = re.findall(r"^ *\[ *\d+\] (\S+) +\S+ +([0-9a-f]{8}) [0-9a-f]+ ([0-9a-f]+) ", printed, re.MULTILINE)
    symbols = re.findall(r"^ *\d+: ([0-9a-f]{8}) .* (\S+)$", printed, re.MULTILINE)
    return (
        {name: (int(address, 16), int(size, 16)) for name, address, size in sections},
        defaultdict(int, {name: int(address, 16) for address, name in symbols}),
    )
