# SPDX-License-Identifier: Apache-2.0
"""Boot firmware on Unicorn, answer its semihosting, and say how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tvm_stm32.device.part import Part
from tvm_stm32.emulator.firmware import Firmware
from tvm_stm32.emulator.result import Run, failure
from tvm_stm32.emulator.unicorn.count import Counter
from tvm_stm32.emulator.unicorn.external import with_external
from tvm_stm32.emulator.unicorn.faults import Faults
from tvm_stm32.emulator.unicorn.limit import within
from tvm_stm32.emulator.unicorn.processor import boot
from tvm_stm32.emulator.unicorn.semihosting import Console, Recorder, Semihosting
from tvm_stm32.emulator.unicorn.stack import PaintedStack
from tvm_stm32.emulator.unicorn.system_space import SystemSpace

if TYPE_CHECKING:
    from unicorn import Uc

#: No code is there: emulation ends for other reasons.
_NOWHERE = 0xFFFFFFFE
_SEMIHOSTING = b"\xab\xbe"  #: bkpt 0xab
_WAIT_FOR_INTERRUPT = b"\x30\xbf"
_BREAKPOINT = 7  #: Unicorn's number of the exception
_EXCEPTIONS = {2: "svc", 8: "the return from an exception"}


class _Ending(Exception):
    """The firmware cannot go on; the arguments are the end of "the firmware ...", and a detail or ""."""


def run(
    firmware: Firmware,
    part: Part,
    marks: tuple[str, str] | None = None,
    timeout: float | None = 60.0,
    *,
    stack: bool = False,
    console: Console | None = None,
) -> Run:
    """Boot `firmware` on a core with the memories of `part`; as `tvm_stm32.emulator.run.run_elf`.

    Args:
        firmware: what is linked for the part.
        part: an STM32, or the board of a machine of QEMU.
        marks: what to count between.
        timeout: in seconds; None: without limit.
        stack: measure the main stack.
        console: where the firmware prints and reads, in place of the `Run`.

    Raises:
        ToolError: Unicorn is missing or has no such core, or as there.
    """
    part = with_external(part, firmware)
    addresses = [firmware.address(mark) for mark in marks or ()]
    processor, top, reset = boot(part, firmware)
    recorder = Recorder()
    semihosting = Semihosting(processor, console or recorder)
    painted = PaintedStack(processor, part, firmware, top) if stack else None
    counter = Counter(processor, *addresses) if marks else None
    emulation = _Emulation(processor, part, firmware, semihosting, reset)
    try:
        try:
            status = within(timeout, emulation.run, emulation.stop)
        except TimeoutError as error:
            where = f"it was near {firmware.describe(emulation.pc)}; Unicorn has no interrupts and no SysTick"
            raise _Ending(f"did not end within {timeout:g} s", where) from error
    except _Ending as ending:
        problem, detail = ending.args
        raise failure(firmware.path, f"{part.name} (Unicorn)", problem, recorder.text, detail) from ending.__cause__
    counts = counter.counts if counter else []
    return Run(status, recorder.text, counts, painted.measure() if painted else None)


@dataclass(slots=True)
class _Emulation:
    """What takes part in it; `part` is for messages."""

    processor: Uc
    part: Part
    firmware: Firmware
    semihosting: Semihosting
    pc: int
    stopping: bool = False

    def stop(self) -> None:
        """End `run`, from another thread; a call between two parts of it does not reach the processor."""
        self.stopping = True
        self.processor.emu_stop()

    def run(self) -> int:
        """Run from `pc` until the firmware exits, and return its status; that of one that was stopped means nothing.

        Raises:
            _Ending: it does not.
        """
        from unicorn import UC_HOOK_INTR, UcError
        from unicorn.arm_const import UC_ARM_REG_PC

        exceptions: list[int] = []

        def at_exception(processor: Uc, number: int, data: object) -> None:  # noqa: ARG001 - Unicorn's signature
            exceptions.append(number)
            processor.emu_stop()

        self.processor.hook_add(UC_HOOK_INTR, at_exception)
        system = SystemSpace(self.processor, self.part.cpu)
        faults = Faults(self.processor, self.part, self.firmware)
        while self.semihosting.status is None and not self.stopping:
            exceptions.clear()
            try:
                self.processor.emu_start(self.pc | 1, _NOWHERE)
            except UcError as error:
                raise _Ending(*faults.describe(error)) from error
            self.pc = self.processor.reg_read(UC_ARM_REG_PC)
            if system.problem:
                near = f"near {self.firmware.describe(self.pc)}"
                raise _Ending(f"{system.problem} {near}", "QEMU has exceptions and resets")
            if exceptions:
                self._answer(exceptions[0])
                self.pc += len(_SEMIHOSTING)
            elif not self.stopping:
                raise _Ending(*self._stopped())
        return self.semihosting.status or 0

    def _answer(self, exception: int) -> None:
        """Answer a call of semihosting.

        Raises:
            _Ending: the exception is none.
        """
        from unicorn import UcError
        from unicorn.arm_const import UC_ARM_REG_R0, UC_ARM_REG_R1

        where = self.firmware.describe(self.pc)
        if exception != _BREAKPOINT:
            what = _EXCEPTIONS.get(exception, f"exception {exception}")
            raise _Ending(f"faulted at {where}", f"{what}: Unicorn has no exceptions, QEMU has")
        if self.processor.mem_read(self.pc, len(_SEMIHOSTING)) != _SEMIHOSTING:
            raise _Ending(f"faulted at {where}", "a breakpoint, and there is no debugger")
        operation, argument = (self.processor.reg_read(register) for register in (UC_ARM_REG_R0, UC_ARM_REG_R1))
        try:
            self.processor.reg_write(UC_ARM_REG_R0, self.semihosting.answer(operation, argument))
        except UcError as error:
            raise _Ending(f"gave semihosting an address without memory at {where}", "") from error

    def _stopped(self) -> tuple[str, str]:
        """Why the core stopped without an exception; the result is for `_Ending`."""
        before = self.pc - len(_WAIT_FOR_INTERRUPT)
        if self.processor.mem_read(before, len(_WAIT_FOR_INTERRUPT)) == _WAIT_FOR_INTERRUPT:
            sleeps = f"sleeps at {self.firmware.describe(before)}"
            return sleeps, "a wfi, and Unicorn has no interrupts that would end it"
        return f"stopped at {self.firmware.describe(self.pc)}", ""
