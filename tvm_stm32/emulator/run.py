# SPDX-License-Identifier: Apache-2.0
"""Run firmware on an emulated Cortex-M, by QEMU or by Unicorn: output and exit status by semihosting, and counts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tvm_stm32.device.part import Part
from tvm_stm32.emulator import plugin, qemu
from tvm_stm32.emulator.firmware import Firmware, read_firmware
from tvm_stm32.emulator.kinds import Emulator
from tvm_stm32.emulator.machine import Machine, machine_for_part
from tvm_stm32.emulator.result import Run
from tvm_stm32.emulator.unicorn import processor
from tvm_stm32.emulator.unicorn.external import with_external
from tvm_stm32.emulator.unicorn.run import run as run_on_unicorn
from tvm_stm32.emulator.unicorn.semihosting import Streams
from tvm_stm32.errors import SettingsError, ToolError


def run_elf(
    elf: Path,
    board: Machine | Part,
    marks: tuple[str, str] | None = None,
    timeout: float = 60.0,
    emulator: Emulator | None = None,
    *,
    stack: bool = False,
) -> Run:
    """Boot `elf` from the vector table in the flash of `board` and wait for its end.

    Args:
        elf: firmware linked for the board's memory.
        board: a machine of QEMU, or a part.
        marks: names of two global functions, called at begin and end of what is to be counted.
        timeout: seconds after which a firmware that has not ended counts as hanging.
        emulator: None: QEMU where it is installed and has such a board, else Unicorn.
        stack: measure the depth of the main stack, which Unicorn can.

    Raises:
        ToolError: the emulator is missing or failed, the firmware does not fit the board, has not the marks, faulted,
            or did not end in time; the text has what it printed.
        SettingsError: QEMU is asked for and cannot do what is wanted.
    """
    firmware = read_firmware(elf)
    chosen = _choose(firmware, board, emulator, counts=marks is not None, stack=stack)
    if isinstance(chosen, Machine):
        return qemu.run(firmware, chosen, marks, timeout)
    return run_on_unicorn(firmware, chosen, marks, timeout, stack=stack)


def stream(elf: Path, board: Machine | Part, emulator: Emulator | None = None) -> int:
    """Boot `elf` with semihosting's console, ":tt", as this process's input and output. Returns its exit status.

    Raises:
        ToolError: as `run_elf`.
    """
    firmware = read_firmware(elf)
    chosen = _choose(firmware, board, emulator)
    if isinstance(chosen, Machine):
        return subprocess.call(qemu.streaming_command(firmware, chosen))
    return run_on_unicorn(firmware, chosen, timeout=None, console=Streams()).status


def streaming_command(elf: Path, board: Machine | Part, emulator: Emulator | None = None) -> list[str]:
    """The command of a process that does what `stream` does.

    Raises:
        ToolError: the emulator is missing, or the firmware does not fit the board.
    """
    firmware = read_firmware(elf)
    chosen = _choose(firmware, board, emulator)
    if isinstance(chosen, Machine):
        return qemu.streaming_command(firmware, chosen)
    processor.check_core(chosen.core)
    firmware.check_fits(with_external(chosen, firmware))
    target = ["--machine" if isinstance(board, Machine) else "--part", chosen.name]
    tool = [sys.executable, "-P", "-m", "tvm_stm32"]
    return [*tool, "run", str(elf), *target, "--emulator", Emulator.UNICORN, "--stream"]


def _choose(
    firmware: Firmware, board: Machine | Part, wanted: Emulator | None, *, counts: bool = False, stack: bool = False
) -> Machine | Part:
    """The machine that QEMU is to emulate, or the part that Unicorn is to.

    Raises:
        ToolError: QEMU is needed, for want of Unicorn, and has no such board.
        SettingsError: QEMU is asked for and cannot measure the stack.
    """
    part = board.board if isinstance(board, Machine) else board
    if wanted == Emulator.UNICORN or (stack and wanted is None):
        return part
    if stack:
        raise SettingsError("QEMU does not measure the stack", "--emulator", "--emulator unicorn does")
    try:
        machine = board if isinstance(board, Machine) else machine_for_part(board)
    except ToolError:
        if wanted is None and processor.installed():
            return part
        raise
    able = qemu.installed() and not firmware.homeless(machine.board) and (not counts or plugin.available())
    return part if wanted is None and not able and processor.installed() else machine
