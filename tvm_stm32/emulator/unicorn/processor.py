# SPDX-License-Identifier: Apache-2.0
"""A core of Unicorn's with the memories of a part, and firmware in them."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING

from tvm_stm32.device.core import Core
from tvm_stm32.device.part import Part
from tvm_stm32.emulator.firmware import Firmware
from tvm_stm32.emulator.machine import machine_for_core
from tvm_stm32.emulator.unicorn.external import PAGE
from tvm_stm32.errors import ToolError

if TYPE_CHECKING:
    from unicorn import Uc

#: Our name of a core -> Unicorn's of one that runs its code. None has double precision.
MODELS = {
    "cortex-m0": "M0",
    "cortex-m0plus": "M0",
    "cortex-m1": "M0",
    "cortex-m3": "M3",
    "cortex-m4": "M4",
    "cortex-m7": "M7",
    "cortex-m23": "M33",
    "cortex-m33": "M33",
    "cortex-m35p": "M33",
}


def installed() -> bool:
    """True when there is a Python package of that name."""
    return importlib.util.find_spec("unicorn") is not None


def check_core(core: Core) -> None:
    """See whether `boot` can serve `core`.

    Raises:
        ToolError: Unicorn is missing, or has no such core.
    """
    if not installed():
        raise ToolError("the Python package unicorn is not installed", "emulator", "pip install 'tvm-stm32[emulate]'")
    if core.cpu not in MODELS:
        machine = machine_for_core(core).name
        raise ToolError(f"Unicorn does not emulate the {core.cpu}", "emulator", f"QEMU does: link for {machine}")


def boot(part: Part, firmware: Firmware) -> tuple[Uc, int, int]:
    """A processor with the contents of `firmware` in its memories, and zeros elsewhere.

    Returns:
        The processor, the initial stack pointer and the address of the reset handler, with its Thumb bit. They are
        from the vector table, which is what the firmware has first in the part's flash, or the memory for it.

    Raises:
        ToolError: Unicorn is missing or has no such core, or the part has no memory for a section.
    """
    check_core(part.core)
    firmware.check_fits(part)
    try:
        import unicorn
        from unicorn import arm_const
    except ImportError as error:
        raise ToolError(f"the Python package unicorn cannot be imported: {error}", "emulator") from error
    processor = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
    processor.ctl_set_cpu_model(getattr(arm_const, f"UC_CPU_ARM_CORTEX_{MODELS[part.cpu]}"))
    rights = {"r": unicorn.UC_PROT_READ, "w": unicorn.UC_PROT_WRITE, "x": unicorn.UC_PROT_EXEC}
    mapped = 0
    for region in part.memory:
        start, end = max(mapped, region.start // PAGE * PAGE), -(-region.end // PAGE) * PAGE
        if start < end:
            processor.mem_map(start, end - start, sum(rights[letter] for letter in region.access))
            mapped = end
    for content in firmware.contents:
        processor.mem_write(content.address, content.data)
    stack, reset = _vectors(part, firmware)
    processor.reg_write(arm_const.UC_ARM_REG_SP, stack)
    return processor, stack, reset


def _vectors(part: Part, firmware: Firmware) -> tuple[int, int]:
    memory = part.vectors
    there = [content for content in firmware.contents if memory.holds(content.address)]
    first = min(there, key=lambda content: content.address, default=None)
    if first is None or len(first.data) < 8:
        raise ToolError(
            f"there is no vector table in {memory.name} of {part.name}", str(firmware.path), "link it with its start-up"
        )
    return int.from_bytes(first.data[:4], "little"), int.from_bytes(first.data[4:8], "little")
