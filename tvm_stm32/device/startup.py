# SPDX-License-Identifier: Apache-2.0
"""The start-up code of a part: vector table, reset handler and fault handlers, as one C file."""

from __future__ import annotations

from tvm_stm32.device.core import Core
from tvm_stm32.device.part import Part
from tvm_stm32.device.templates import render

#: Exceptions of v6-M and v8-M baseline by number; the reset is number 1.
_BASELINE = {1: "Reset", 2: "NMI", 3: "HardFault", 11: "SVC", 14: "PendSV", 15: "SysTick"}
#: What v7-M and v8-M mainline have besides.
_MAINLINE = {4: "MemManage", 5: "BusFault", 6: "UsageFault", 12: "DebugMon"}
_FAULTS = {"HardFault", "MemManage", "BusFault", "UsageFault", "SecureFault"}


def exceptions(core: Core) -> list[str]:
    """Names of the exceptions 1 to 15 of `core`, "" where there is none."""
    names = _BASELINE | (_MAINLINE if core.mainline else {})
    if core.mainline and core.architecture.startswith("armv8"):
        names[7] = "SecureFault"
    return [names.get(number, "") for number in range(1, 16)]


def render_startup(part: Part) -> str:
    """The start-up of `part` as C99 text, to be linked with the linker script of `render_linker_script`."""
    interrupts = {interrupt.position: f"{interrupt.name}_IRQHandler" for interrupt in part.interrupts}
    core = [f"{name}_Handler" if name else "" for name in exceptions(part.core)]
    peripherals = [interrupts.get(position, "") for position in range(max(interrupts, default=-1) + 1)]
    return render(
        "startup.c.j2",
        part=part,
        handlers=core + peripherals,
        faults={f"{name}_Handler" for name in _FAULTS},
    )
