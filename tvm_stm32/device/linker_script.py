# SPDX-License-Identifier: Apache-2.0
"""The linker script of a part: its memories, and where code, weights, data, activations and stack go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tvm_stm32.device.part import MemoryRegion, Part
from tvm_stm32.device.templates import render
from tvm_stm32.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Placement:
    """The input section `input` becomes the output section `output` in `region`; zero when main starts."""

    input: str
    output: str
    region: str


def linker_regions(part: Part) -> list[MemoryRegion]:
    """The regions of the linker script: FLASH, RAM, the other writable ones of `part` by address, and VECTORS where
    those are in none of these."""
    vectors = [] if part.vectors == part.flash else [part.vectors]
    return [part.flash, part.ram, *part.other_ram, *vectors]


def default_stack_size(part: Part) -> int:
    """Bytes reserved for the stack when nothing is said: a quarter of the RAM, at most 4096."""
    return min(4096, part.ram.size // 4 // 8 * 8)


def render_linker_script(
    part: Part, stack_size: int | None = None, heap_size: int = 0, placements: Mapping[str, str] | None = None
) -> str:
    """The linker script of `part` as text, for GNU ld.

    Args:
        part: the part.
        stack_size: bytes of RAM for the stack; None: `default_stack_size`.
        heap_size: bytes of RAM to be left for the heap at least.
        placements: array -> region, for zero-initialised arrays in a section of their own, as a model's
            ``{"kws_activations": "CCM"}``, that are to lie elsewhere than in RAM.

    Raises:
        SettingsError: the part has no such region, or the stack does not fit the RAM.
    """
    stack_size = default_stack_size(part) if stack_size is None else stack_size
    if not 0 < stack_size + heap_size <= part.ram.size:
        raise SettingsError(
            f"a stack of {stack_size} and a heap of {heap_size} bytes do not fit the RAM of {part.ram.size} bytes",
            part.name,
        )
    names = [region.name for region in linker_regions(part) if "w" in region.access]
    placed = []
    for array, region in sorted((placements or {}).items()):
        if region.upper() not in names:
            raise SettingsError(f"no memory '{region}' to place {array} in", part.name, "it has: " + ", ".join(names))
        placed.append(Placement(f".bss.{array}", f".{array}", region.upper()))
    return render(
        "link.ld.j2",
        part=part,
        regions=linker_regions(part),
        stack_size=stack_size,
        heap_size=heap_size,
        placements=placed,
    )
