# SPDX-License-Identifier: Apache-2.0
"""The boards that QEMU 7.2 emulates, and which of them stands in for a part or a core."""

from __future__ import annotations

from dataclasses import dataclass

from tvm_stm32.device.core import Core, find_core
from tvm_stm32.device.part import MemoryRegion, Part
from tvm_stm32.errors import ToolError

_MB, _KB = 1 << 20, 1 << 10

#: A core runs the code of these as it stands.
_ALSO_RUNS = {
    "cortex-m3": ("cortex-m0", "cortex-m0plus", "cortex-m1"),
    "cortex-m33": ("cortex-m23", "cortex-m35p"),
    "cortex-m55": ("cortex-m52", "cortex-m85"),
}


@dataclass(frozen=True, slots=True)
class Machine:
    """An emulated board: `name` is QEMU's, `board` what to link for it. It boots from the vector table in its flash."""

    name: str
    board: Part

    def runs(self, core: Core) -> bool:
        """True when code for `core` runs on this machine's."""
        return core == self.board.core or core.cpu in _ALSO_RUNS.get(self.board.cpu, ())


def _machine(
    name: str,
    cpu: str,
    fpu: str | None,
    flash: tuple[int, int],
    ram: tuple[int, int],
    psram: tuple[int, int] | None = None,
) -> Machine:
    memory = [MemoryRegion("flash", *flash, "rx"), MemoryRegion("ram", *ram, "rwx")]
    if psram:
        memory.append(MemoryRegion("psram", *psram, "rw"))
    return Machine(name, Part(name, find_core(cpu), fpu, tuple(memory)))


#: Those with the memory map of an STM32, the smaller first.
STM32_MACHINES = (
    _machine("stm32vldiscovery", "cortex-m3", None, (0x08000000, 128 * _KB), (0x20000000, 8 * _KB)),
    _machine("netduino2", "cortex-m3", None, (0x08000000, _MB), (0x20000000, 128 * _KB)),
    _machine("netduinoplus2", "cortex-m4", "fpv4-sp-d16", (0x08000000, _MB), (0x20000000, 128 * _KB)),
)
#: Arm's boards with much memory, one for each core. What is flash here is RAM there.
CORE_MACHINES = (
    _machine("mps2-an385", "cortex-m3", None, (0x00000000, 4 * _MB), (0x20000000, 4 * _MB), (0x21000000, 16 * _MB)),
    _machine(
        "mps2-an386", "cortex-m4", "fpv4-sp-d16", (0x00000000, 4 * _MB), (0x20000000, 4 * _MB), (0x21000000, 16 * _MB)
    ),
    _machine(
        "mps2-an500", "cortex-m7", "fpv5-d16", (0x00000000, 4 * _MB), (0x20000000, 4 * _MB), (0x60000000, 16 * _MB)
    ),
    _machine("mps2-an505", "cortex-m33", "fpv5-sp-d16", (0x10000000, 4 * _MB), (0x38000000, 2 * _MB)),
    _machine("mps3-an547", "cortex-m55", "auto", (0x00000000, 512 * _KB), (0x21000000, 4 * _MB)),
)


def machine_for_part(part: Part) -> Machine:
    """The smallest machine with a core for `part`'s code and memory at the addresses of its flash and RAM.

    Peripherals are not compared. An emulated board of `CORE_MACHINES` is its own machine.

    Raises:
        ToolError: QEMU has none.
    """
    for machine in STM32_MACHINES + CORE_MACHINES:
        board = machine.board
        flash, ram = part.flash, part.ram
        if (
            machine.runs(part.core)
            and board.flash.holds(flash.start, flash.size)
            and board.ram.holds(ram.start, ram.size)
        ):
            return machine
    raise ToolError(
        f"QEMU has no board with the {part.cpu} and the memory map of {part.name}",
        "emulator",
        "pip install 'tvm-stm32[emulate]' brings Unicorn, which needs no board; or link the code for "
        + f"{machine_for_core(part.core).name}, which has such a core",
    )


def machine_for_core(core: Core) -> Machine:
    """The machine with much memory that runs code for `core`; link for its `Machine.board`."""
    return next(machine for machine in CORE_MACHINES if machine.runs(core))


def find_machine(name: str) -> Machine:
    """The machine that QEMU calls `name`.

    Raises:
        ToolError: this package does not know it.
    """
    known = STM32_MACHINES + CORE_MACHINES
    machine = next((machine for machine in known if machine.name == name), None)
    if machine is None:
        raise ToolError(
            f"no emulated machine '{name}'", "emulator", "one of: " + ", ".join(machine.name for machine in known)
        )
    return machine
