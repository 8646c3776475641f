# SPDX-License-Identifier: Apache-2.0
"""What made Unicorn stop, in the words that a run on QEMU ends with, and what it was that could not be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tvm_stm32.device.part import Part
from tvm_stm32.emulator.firmware import Firmware
from tvm_stm32.emulator.machine import machine_for_core

if TYPE_CHECKING:
    from unicorn import Uc, UcError

#: STM32's registers: Armv7-M's and Armv8-M's region for peripherals.
_PERIPHERALS = range(0x40000000, 0x60000000)


class Faults:
    """Remembers the last access that failed, so that `describe` can tell of it."""

    def __init__(self, processor: Uc, part: Part, firmware: Firmware) -> None:
        from unicorn import UC_HOOK_MEM_INVALID

        self._processor = processor
        self._part = part
        self._firmware = firmware
        self._access = self._address = 0
        processor.hook_add(UC_HOOK_MEM_INVALID, self._invalid)

    def _invalid(
        self,
        processor: Uc,  # noqa: ARG002 - Unicorn's signature
        access: int,
        address: int,
        size: int,  # noqa: ARG002
        value: int,  # noqa: ARG002
        data: object,  # noqa: ARG002
    ) -> bool:
        self._access, self._address = access, address
        return False  # nothing was mended

    def describe(self, error: UcError) -> tuple[str, str]:
        """The end of "the firmware ...", and the details."""
        from unicorn import UC_ERR_INSN_INVALID
        from unicorn.arm_const import UC_ARM_REG_LR, UC_ARM_REG_PC, UC_ARM_REG_SP

        pc = self._processor.reg_read(UC_ARM_REG_PC)
        if overflow := self._firmware.overflow(self._processor.reg_read(UC_ARM_REG_SP)):
            return overflow, ""
        at = f"faulted at {self._firmware.describe(pc)}"
        if error.errno == UC_ERR_INSN_INVALID:
            return at, self._instruction(pc)
        if self._address == pc:
            came_from = self._firmware.describe(self._processor.reg_read(UC_ARM_REG_LR))
            return at, f"no code can run there; lr is {came_from}"
        return at, self._memory(error)

    def _memory(self, error: UcError) -> str:
        """What the instruction did that the memory does not allow."""
        from unicorn import UC_ERR_WRITE_PROT, UC_ERR_WRITE_UNMAPPED

        does = "writes" if error.errno in (UC_ERR_WRITE_PROT, UC_ERR_WRITE_UNMAPPED) else "reads"
        what = f"it {does} 0x{self._address:08x}"
        region = next((region for region in self._part.memory if region.holds(self._address)), None)
        if region:
            return f"{what}, in {region.name}, which does not allow that"
        if self._address in _PERIPHERALS:
            return f"{what}, a peripheral: not emulated"
        return f"{what}, where {self._part.name} has no memory"

    def _instruction(self, pc: int) -> str:
        """What Unicorn does not know: double precision is coprocessor 11 in the first four bits of a byte."""
        code = self._processor.mem_read(pc, 4)
        if code[1] in (0xEC, 0xED, 0xEE, 0xFE) and code[3] & 0x0F == 0x0B:
            machine = machine_for_core(self._part.core).name
            return f"double precision, which Unicorn lacks; QEMU has it on {machine}: link for that"
        return f"no instruction of the {self._part.cpu} that Unicorn knows: {code[1]:02x}{code[0]:02x}"
