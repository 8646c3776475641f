# SPDX-License-Identifier: Apache-2.0
"""Run firmware on an emulated Cortex-M: output and exit status by semihosting, instruction counts between marks."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tvm_stm32.emulator.firmware import Firmware, read_firmware
from tvm_stm32.emulator.machine import Machine
from tvm_stm32.emulator.plugin import counting_plugin
from tvm_stm32.errors import ToolError

QEMU = "qemu-system-arm"


@dataclass(frozen=True, slots=True)
class Run:
    """How a run ended.

    `status` is what the firmware gave to the semihosting exit, `output` what it printed by semihosting. `counts` has
    the instructions of each interval between the marks, in order: from the first instruction of the begin function to
    the first of the end function, so the return from the one and the call of the other are counted.
    """

    status: int
    output: str
    counts: list[int]


def run_elf(elf: Path, machine: Machine, marks: tuple[str, str] | None = None, timeout: float = 60.0) -> Run:
    """Boot `elf` on `machine` from the vector table in its flash and wait for its end.

    Args:
        elf: firmware linked for the machine's memory.
        machine: the emulated board.
        marks: names of two global functions, called at begin and end of what is to be counted.
        timeout: seconds after which a firmware that has not ended counts as hanging.

    Raises:
        ToolError: QEMU is missing or failed, the firmware does not fit the machine, has not the marks, faulted, or
            did not end in time; the text has what it printed.
    """
    firmware = read_firmware(elf)
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
            last = "\n    ".join(printed.splitlines()[-10:])
            raise ToolError(
                f"the firmware {problem} on {machine.name}", str(elf), f"it printed last:\n    {last}" if last else ""
            )
        intervals = [int(line) for line in counts.read_text().split()] if marks else []
    return Run(result.returncode, printed, intervals)


def streaming_command(elf: Path, machine: Machine) -> list[str]:
    """The command that boots `elf` on `machine`, with semihosting's console, ":tt", as its own input and output.

    Raises:
        ToolError: QEMU is missing, or the firmware does not fit the machine.
    """
    command = _command(read_firmware(elf), machine)
    return [*command, "-semihosting-config", "enable=on,target=native"]


def _command(firmware: Firmware, machine: Machine) -> list[str]:
    """QEMU with `firmware` on `machine`, and nothing said of semihosting yet."""
    qemu = shutil.which(QEMU)
    if qemu is None:
        raise ToolError(f"{QEMU} is not installed", "emulator", f"apt-get install {QEMU}")
    _check_memory(firmware, machine)
    command = [qemu, "-machine", machine.name, "-kernel", str(firmware.path)]
    return [*command, "-display", "none", "-serial", "none", "-monitor", "none"]


def _quoted(path: Path) -> str:
    """`path` as a value among QEMU's options, where a comma ends it unless it is doubled."""
    return str(path).replace(",", ",,")


def _check_memory(firmware: Firmware, machine: Machine) -> None:
    """QEMU ignores writes to memory that a board has not; say so before it runs."""
    for section in firmware.sections:
        if not any(region.holds(section.address, section.size) for region in machine.board.memory):
            raise ToolError(
                f"{machine.name} has no memory for section {section.name}, {section.size} bytes at"
                f" 0x{section.address:08x}",
                str(firmware.path),
                "it has " + ", ".join(f"{r.size} bytes at 0x{r.start:08x} ({r.name})" for r in machine.board.memory),
            )


def _problem(firmware: Firmware, status: int, errors: str) -> str:
    """What went wrong, as the end of "the firmware ..."; empty when nothing did."""
    if "Lockup" in errors:
        registers = {int(number): int(value, 16) for number, value in re.findall(r"R(\d\d)=([0-9a-f]{8})", errors)}
        stopped = firmware.describe(registers[15])
        limit = firmware.symbols.get("__stack_limit")
        if limit and registers[13] < limit.address:
            return f"overflowed its stack, which ends at 0x{limit.address:08x}"
        # The generated start-up ends there, with the address of the instruction that faulted in r1.
        if "Fault_Handler" in stopped:
            return f"faulted at {firmware.describe(registers[1])}"
        return f"faulted; the core stopped at {stopped}"
    if status < 0:
        return f"was ended by signal {-status} of {QEMU}: {errors.strip()}"
    if status and f"{QEMU}:" in errors:
        return f"did not start: {errors.strip()}"
    return ""
