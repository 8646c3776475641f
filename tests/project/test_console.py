# SPDX-License-Identifier: Apache-2.0
"""The console of a project prints numbers as C's printf does, and does not stop a board that has no debugger."""

from __future__ import annotations

import math
import subprocess
from pathlib import Path

import pytest
from arm_firmware import link

from tvm_stm32.device.core import find_core
from tvm_stm32.emulator.machine import machine_for_core
from tvm_stm32.emulator.qemu import QEMU
from tvm_stm32.emulator.run import run_elf

TEMPLATES = Path(__file__).parents[2] / "tvm_stm32" / "project" / "templates"
INTEGERS = (0, 7, -7, 10, 2**31, -(2**31), 2**63 - 1, -(2**63))
REALS = (0.0, 1.0, -1.5, 0.1, 0.9999999, 1e-7, 123456.789, -4194304.5, 3999999744.0)

PRINTING = """
#include "console.c"
int main(void)
{
    static const int64_t integers[] = {%s};
    static const float reals[] = {%s};
    for (unsigned i = 0; i < sizeof integers / sizeof integers[0]; i++) {
        console_print_integer(integers[i]);
        console_print("\\n");
    }
    for (unsigned i = 0; i < sizeof reals / sizeof reals[0]; i++) {
        console_print_real(reals[i]);
        console_print("\\n");
    }
    console_print_real(__builtin_nanf(""));
    console_print("\\n");
    console_print_real(-__builtin_inff());
    console_exit(5);
}
"""

# The emulator ends when the firmware resets the board (AIRCR).
SILENT = """
#include "console.c"
int main(void)
{
    console_print("nobody reads this\\n");
    if (semihosting_call(0x13, 0) == -1) {
        *(volatile uint32_t *)0xE000ED0Cu = 0x05FA0004u;
    }
    for (;;) {
    }
}
"""

FAULTY = """
#include "console.c"
int main(void)
{
    __asm__ volatile("udf #1");
    return 0;
}
"""


def build(source: str, folder: Path, cpu: str) -> tuple[Path, str]:
    """The firmware for a core, and the machine that runs it."""
    machine = machine_for_core(find_core(cpu))
    options = ["-std=c11", f"-I{TEMPLATES}", f"-mcpu={cpu}"]
    return link(machine.board, source, folder, options=options), machine.name


def test_numbers(tmp_path: Path) -> None:
    integers = ", ".join(f"({value + 1}LL - 1)" if value < 0 else f"{value}LL" for value in INTEGERS)
    source = PRINTING % (integers, ", ".join(f"{value!r}f" for value in REALS))
    elf, _ = build(source, tmp_path, "cortex-m4")
    result = run_elf(elf, machine_for_core(find_core("cortex-m4")))
    lines = result.output.split("\n")
    assert lines[: len(INTEGERS)] == [str(value) for value in INTEGERS]
    printed = lines[len(INTEGERS) :]
    assert printed[-2:] == ["nan", "below -4e9"]
    for text, value in zip(printed[:-2], REALS, strict=True):
        assert math.isclose(float(text), value, rel_tol=1e-7, abs_tol=1e-6), (text, value)
        assert len(text.partition(".")[2]) == 6
    assert result.status == 5


@pytest.mark.parametrize(("source", "ends"), [(SILENT, "by a reset"), (FAULTY, "by a lockup")])
@pytest.mark.parametrize("cpu", ["cortex-m0", "cortex-m33"])
def test_without_a_debugger_printing_goes_on_and_faults_stop(source: str, ends: str, cpu: str, tmp_path: Path) -> None:
    """With semihosting off, its breakpoint is a hard fault; any other fault still ends in the start-up's handler."""
    elf, machine = build(source, tmp_path, cpu)
    command = [QEMU, "-machine", machine, "-kernel", elf, "-display", "none", "-serial", "none", "-monitor", "none"]
    done = subprocess.run([*command, "-no-reboot"], capture_output=True, text=True, timeout=60, check=False)
    assert ("by a reset" if done.returncode == 0 else "by a lockup") == ends, done.stderr
    assert ("Lockup" in done.stderr) == (ends == "by a lockup")
