# SPDX-License-Identifier: Apache-2.0
"""Run firmware on a board of QEMU: output and exit status by semihosting, instruction counts between marks."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tvm_stm32.emulator.firmware import Firmware
from tvm_stm32.emulator.machine import Machine
from tvm_stm32.emulator.plugin import counting_plugin
from tvm_stm32.emulator.result import Run, failure
from tvm_stm32.errors import ToolError

QEMU = "qemu-system-arm"


def installed() -> bool:
    """True when QEMU is in PATH."""
    return shutil.which(QEMU) is not None


def run(firmware: Firmware, machine: Machine, marks: tuple[str, str] | None, timeout: float) -> Run:
    """Boot `firmware` on `machine`; as `tvm_stm32.emulator.run.run_elf`.

    Raises:
        ToolError: QEMU is missing or failed, or as there.
    """
    command = _command(firmware, machine)
    with tempfile.TemporaryDirectory(prefix="tvm_stm32_") as folder:
        output, counts = Path(folder) / "output", Path(folder) / "counts"
        command += ["-chardev", f"file,id=host,path={_quoted(output)}"]
        command += ["-semihosting-config", "enable=on,target=native,chardev=host"]
        if marks:
            begin, end = (firmware.address(mark) for mark in marks)
            command += ["-plugin", f"{_quoted(counting_plugin())},begin={begin},end={end},out={_quoted(counts)}"]
        try:
            result = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False
            )
            problem = _problem(firmware, result.returncode, result.stderr)
        except subprocess.TimeoutExpired:
            problem = f"did not end within {timeout:g} s"
        printed = output.read_text(encoding="utf-8", errors="replace") if output.exists() else ""
        if problem:
            raise failure(firmware.path, machine.name, problem, printed)
        intervals = [int(line) for line in counts.read_text().split()] if marks else []
    return Run(result.returncode, printed, intervals)


def streaming_command(firmware: Firmware, machine: Machine) -> list[str]:
    """The command that boots `firmware` on `machine`, with semihosting's console, ":tt", as its own input and output.

    Raises:
        ToolError: QEMU is missing, or the firmware does not fit the machine.
    """
    command = _command(firmware, machine)
    return [*command, "-semihosting-config", "enable=on,target=native"]


def _command(firmware: Firmware, machine: Machine) -> list[str]:
    """QEMU with `firmware` on `machine`, and nothing said of semihosting yet."""
    qemu = shutil.which(QEMU)
    if qemu is None:
        raise ToolError(
            f"{QEMU} is not installed",
            "emulator",
            f"apt-get install {QEMU}; or do without: pip install 'tvm-stm32[emulate]' brings Unicorn",
        )
    firmware.check_fits(machine.board)
    command = [qemu, "-machine", machine.name, "-kernel", str(firmware.path)]
    return [*command, "-display", "none", "-serial", "none", "-monitor", "none"]


def _quoted(path: Path) -> str:
    """`path` as a value among QEMU's options, where a comma ends it unless it is doubled."""
    return str(path).replace(",", ",,")


def _problem(firmware: Firmware, status: int, errors: str) -> str:
    """What went wrong, as the end of "the firmware ..."; empty when nothing did."""
    if "Lockup" in errors:
        registers = {int(number): int(value, 16) for number, value in re.findall(r"R(\d\d)=([0-9a-f]{8})", errors)}
        stopped = firmware.describe(registers[15])
        if overflow := firmware.overflow(registers[13]):
            return overflow
        # The generated start-up ends there, with the address of the instruction that faulted in r1.
        if "Fault_Handler" in stopped:
            return f"faulted at {firmware.describe(registers[1])}"
        return f"faulted; the core stopped at {stopped}"
    if status < 0:
        return f"was ended by signal {-status} of {QEMU}: {errors.strip()}"
    if status and f"{QEMU}:" in errors:
        return f"did not start: {errors.strip()}"
    return ""
