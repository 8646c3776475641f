# SPDX-License-Identifier: Apache-2.0
"""The generated start-up: its vector table, that compilers have no warning for it, and that it is written once."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from arm_firmware import WARNINGS

from tvm_stm32.cli import main
from tvm_stm32.device.core import find_core
from tvm_stm32.device.linker_script import render_linker_script
from tvm_stm32.device.part import find_part
from tvm_stm32.device.startup import exceptions, render_startup

PARTS = ("STM32G071RBT6", "STM32F030F4P6", "STM32F100RBT6", "STM32F405RGT6", "STM32H743ZIT6", "STM32U575ZIT6")


def test_exceptions_by_architecture() -> None:
    assert [name for name in exceptions(find_core("cortex-m0")) if name] == [
        "Reset",
        "NMI",
        "HardFault",
        "SVC",
        "PendSV",
        "SysTick",
    ]
    assert exceptions(find_core("cortex-m4"))[3:7] == ["MemManage", "BusFault", "UsageFault", ""]
    assert exceptions(find_core("cortex-m33"))[6] == "SecureFault"


def test_the_vector_table_has_each_interrupt_at_its_position() -> None:
    part = find_part("STM32F405RGT6")
    text = render_startup(part)
    table = text[text.index("__stack_top,") : text.index("};", text.index("__stack_top,"))]
    entries = [line.strip(" ,") for line in table.splitlines() if line.startswith("        ")]
    assert len(entries) == 15 + part.interrupts[-1].position + 1
    for interrupt in part.interrupts:
        assert entries[15 + interrupt.position] == f"{interrupt.name}_IRQHandler"


def test_the_files_of_a_part(golden: Callable[[str, str], None]) -> None:
    part = find_part("STM32F405RGT6")
    golden("device/startup.c", render_startup(part))
    golden("device/link.ld", render_linker_script(part, placements={"kws_activations": "CCM"}))


@pytest.mark.parametrize("name", PARTS)
@pytest.mark.parametrize("compiler", ["arm-none-eabi-gcc", "clang"])
def test_no_warnings(name: str, compiler: str, tmp_path: Path) -> None:
    part = find_part(name)
    (tmp_path / "startup.c").write_text(render_startup(part))
    target = ["--target=arm-none-eabi"] if compiler == "clang" else []
    command = [compiler, *target, *part.compiler_flags(), *WARNINGS, "-O2", "-c", "startup.c", "-o", "startup.o"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")


def test_the_command_writes_both_files_once(tmp_path: Path) -> None:
    arguments = ["startup", "--part", "STM32F405RGT6", "--place", "kws_activations=CCM", "-o", str(tmp_path / "new")]
    assert main(arguments) == 0
    written = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "new").iterdir()}
    assert sorted(written) == ["link.ld", "startup.c"]
    assert main(arguments) == 0
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "new").iterdir()} == written


@pytest.mark.parametrize(
    "arguments",
    [
        ["--part", "STM32F999"],
        ["--part", "STM32F405RGT6", "--place", "kws_activations"],
        ["--part", "STM32F405RGT6", "--place", "kws_activations=DTCM"],
        ["--part", "STM32F405RGT6", "--stack", "0x100000"],
    ],
)
def test_wrong_settings_write_nothing(arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["startup", *arguments, "-o", str(tmp_path / "new")]) == 2
    assert capsys.readouterr().err.startswith("tvm-stm32: error: ")
    assert not (tmp_path / "new").exists()
