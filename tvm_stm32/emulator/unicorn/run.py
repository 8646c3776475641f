# SPDX-License-Identifier: Apache-2.0
"""Boot firmware on Unicorn, answer its semihosting, and say how it ended."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tvm_stm32.device.part import Part
from tvm_stm32.emulator.firmware import Firmware
from tvm_stm32.emulator.result import Run, failure
from tvm_stm32.emulator.unicorn.count import Counter
from tvm_stm32.emulator.unicorn.external import with_external
from tvm_stm32.emulator.unicorn.faults import Faults
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
_SLICE = 1_000_000  #: microseconds, after which Python sees whether somebody has interrupted it
_EXCEPTIONS = {2: "svc", 8: "the return from an exception"}


class _Ending(Exception):
    """The firmware cannot go on; the arguments are the end of "the firmware ...", and a detail or nothing."""


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
    try:
        _execute(processor, part, firmware, semihosting, reset, timeout)
    except _Ending as ending:
        raise failure(
            firmware.path, f"{part.name} (Unicorn)", ending.args[0], recorder.text, *ending.args[1:]
        ) from ending.__cause__
    return Run(
        semihosting.status or 0,
        recorder.text,
        counter.counts if counter else [],
        painted.measure() if painted else None,
    )


def _execute(
    processor: Uc, part: Part, firmware: Firmware, semihosting: Semihosting, reset: int, timeout: float | None
) -> None:
    """Run until the firmware exits.

    Raises:
        _Ending: it does not.
    """
    from unicorn import UC_HOOK_INTR, UC_QUERY_TIMEOUT, UcError
    from unicorn.arm_const import UC_ARM_REG_PC, UC_ARM_REG_R0, UC_ARM_REG_R1

    exceptions: list[int] = []

    def at_exception(processor: Uc, number: int, data: object) -> None:  # noqa: ARG001 - Unicorn's signature
        exceptions.append(number)
        processor.emu_stop()

    processor.hook_add(UC_HOOK_INTR, at_exception)
    system, faults = SystemSpace(processor, part.cpu), Faults(processor, part, firmware)
    deadline = None if timeout is None else time.monotonic() + timeout
    pc = reset
    while semihosting.status is None:
        left = _SLICE if deadline is None else int((deadline - time.monotonic()) * 1e6)
        exceptions.clear()
        try:
            processor.emu_start(pc | 1, _NOWHERE, timeout=max(1, min(left, _SLICE)))
        except UcError as error:
            raise _Ending(*faults.describe(error)) from error
        pc = processor.reg_read(UC_ARM_REG_PC)
        if system.problem:
            raise _Ending(f"{system.problem} near {firmware.describe(pc)}", "QEMU has exceptions and resets")
        if not exceptions:
            if processor.query(UC_QUERY_TIMEOUT):
                if left > _SLICE or deadline is None:
                    continue
                where = f"it was at {firmware.describe(pc)}; Unicorn has no interrupts and no SysTick"
                raise _Ending(f"did not end within {timeout:g} s", where)
            raise _Ending(*_stopped(processor, firmware, pc))
        if exceptions != [_BREAKPOINT] or processor.mem_read(pc, 2) != _SEMIHOSTING:
            raise _Ending(*_exception(firmware, exceptions[0], pc))
        try:
            answer = semihosting.answer(processor.reg_read(UC_ARM_REG_R0), processor.reg_read(UC_ARM_REG_R1))
        except UcError as error:
            raise _Ending(f"gave semihosting an address without memory at {firmware.describe(pc)}") from error
        processor.reg_write(UC_ARM_REG_R0, answer)
        pc += len(_SEMIHOSTING)


def _stopped(processor: Uc, firmware: Firmware, pc: int) -> tuple[str, str]:
    """Why the core stopped without an exception; the result is for `_Ending`."""
    before = pc - len(_WAIT_FOR_INTERRUPT)
    if processor.mem_read(before, 2) == _WAIT_FOR_INTERRUPT:
        return f"sleeps at {firmware.describe(before)}", "a wfi, and Unicorn has no interrupts that would end it"
    return f"stopped at {firmware.describe(pc)}", ""


def _exception(firmware: Firmware, number: int, pc: int) -> tuple[str, str]:
    """What the core does that is no computing; the result is for `_Ending`."""
    if number == _BREAKPOINT:
        detail = "a breakpoint, and there is no debugger"
    else:
        detail = _EXCEPTIONS.get(number, f"exception {number}") + ": Unicorn has no exceptions, QEMU has"
    return f"faulted at {firmware.describe(pc)}", detail
