# SPDX-License-Identifier: Apache-2.0
"""Whether a model can fit a part, told from its sizes before anything is compiled."""

from __future__ import annotations

from tvm_stm32.device.linker_script import default_stack_size, linker_regions
from tvm_stm32.device.part import MemoryRegion, Part
from tvm_stm32.errors import CapacityError


def check_capacity(part: Part, flash_bytes: int, ram_bytes: int, what: str) -> None:
    """Check that a model's constants and its activations each fit one memory of `part`.

    Both are single arrays, so the largest memory counts, not the sum. It is a necessary condition: code, stack and
    the rest of the application come on top and are for the linker to judge.

    Args:
        part: the part.
        flash_bytes: bytes of constants, the parameters.
        ram_bytes: bytes of activations.
        what: the model's name, for the message.

    Raises:
        CapacityError: the model cannot fit, with needed and available bytes of every region.
    """
    regions = linker_regions(part)
    writable = [region for region in regions if "w" in region.access]
    if flash_bytes > part.flash.size:
        raise _error(part, what, flash_bytes, "flash for its weights", [part.flash])
    if ram_bytes > max(region.size for region in writable):
        raise _error(part, what, ram_bytes, "RAM in one piece for its activations", writable)


def check_beside_stack(part: Part, ram_bytes: int, what: str) -> None:
    """Check that a model's activations fit the RAM of `part` beside the stack that its linker script reserves.

    Raises:
        CapacityError: they do not, with all three sizes.
    """
    stack = default_stack_size(part)
    if ram_bytes + stack > part.ram.size:
        raise _error(part, what, ram_bytes, f"RAM for its activations, beside a stack of {stack:,}", [part.ram])


def _error(part: Part, what: str, needed: int, purpose: str, regions: list[MemoryRegion]) -> CapacityError:
    available = ", ".join(f"{region.name} {region.size:,}" for region in regions)
    return CapacityError(
        f"{what} needs {needed:,} bytes of {purpose}; {part.name} has {available}",
        "",
        "choose a smaller model or a larger part; --optimize ram makes the activations smaller"
        if "RAM" in purpose
        else "choose a smaller or quantized model, or a larger part",
    )
