# SPDX-License-Identifier: Apache-2.0
"""Firmware with the generated linker script and start-up boots on emulated boards and finds C's rules kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from arm_firmware import link
from emulator.programs import BAD_ADDRESS, FOREVER, HANDLERS, NO_HANDLER, STACK_OVERFLOW, START_UP

from tvm_stm32.device.core import find_core
from tvm_stm32.device.part import MemoryRegion, Part, find_part
from tvm_stm32.emulator.kinds import Emulator
from tvm_stm32.emulator.machine import Machine, machine_for_core, machine_for_part
from tvm_stm32.emulator.run import run_elf
from tvm_stm32.errors import ToolError


@pytest.mark.parametrize(
    ("name", "machine"),
    [
        ("STM32F405RGT6", "netduinoplus2"),
        ("STM32L476RGT6", "netduinoplus2"),
        ("STM32F100RBT6", "stm32vldiscovery"),
        ("STM32F030F4P6", "stm32vldiscovery"),
        ("STM32F103ZET6", "netduino2"),
        ("STM32G071RBT6", "netduino2"),
    ],
)
def test_parts_boot(name: str, machine: str, tmp_path: Path) -> None:
    part = find_part(name)
    assert machine_for_part(part).name == machine
    run = run_elf(link(part, START_UP, tmp_path), machine_for_part(part), timeout=30)
    assert (run.status, run.output, run.counts) == (42, "4.5\n", [])


@pytest.mark.parametrize(
    "cpu", ["cortex-m0", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m23", "cortex-m33", "cortex-m55"]
)
def test_boards_for_every_core_boot(cpu: str, tmp_path: Path) -> None:
    machine = machine_for_core(find_core(cpu))
    run = run_elf(link(machine.board, START_UP, tmp_path), machine, timeout=30)
    assert (run.status, run.output) == (42, "4.5\n")


def test_placed_activations_are_zero(tmp_path: Path) -> None:
    split = (
        MemoryRegion("flash", 0x08000000, 1 << 20, "rx"),
        MemoryRegion("sram1", 0x20000000, 32 << 10, "rwx"),
        MemoryRegion("sram3", 0x20010000, 16 << 10, "rwx"),
    )
    board = Part("split RAM", find_core("cortex-m3"), None, split)
    elf = link(board, START_UP, tmp_path, placements={"net_activations": "SRAM3"})
    assert run_elf(elf, machine_for_part(board), timeout=30).status == 42


def test_the_application_overrides_a_handler(tmp_path: Path) -> None:
    part = find_part("STM32F405RGT6")
    assert run_elf(link(part, HANDLERS, tmp_path), machine_for_part(part), timeout=30).status == 9


@pytest.mark.parametrize("name", ["STM32F405RGT6", "STM32F100RBT6", "STM32F030F4P6"])
def test_a_fault_is_told_with_its_place(name: str, tmp_path: Path) -> None:
    part = find_part(name)
    with pytest.raises(ToolError, match=r"the firmware faulted at 0x[0-9a-f]{8} in store on") as error:
        run_elf(link(part, BAD_ADDRESS, tmp_path), machine_for_part(part), timeout=30)
    assert "so far" in error.value.hint


@pytest.mark.parametrize("name", ["STM32F405RGT6", "STM32F030F4P6"])
def test_a_stack_overflow_is_told(name: str, tmp_path: Path) -> None:
    part = find_part(name)
    with pytest.raises(ToolError, match="the firmware overflowed its stack, which ends at 0x20000000"):
        run_elf(link(part, STACK_OVERFLOW, tmp_path), machine_for_part(part), timeout=30)


def test_an_interrupt_without_handler_stops(tmp_path: Path) -> None:
    part = find_part("STM32F405RGT6")
    with pytest.raises(ToolError, match=r"the firmware faulted at 0x[0-9a-f]{8} in \w*Handler"):
        run_elf(link(part, NO_HANDLER, tmp_path), machine_for_part(part), timeout=30)


def test_a_hang_is_ended(tmp_path: Path) -> None:
    part = find_part("STM32F405RGT6")
    with pytest.raises(ToolError, match="did not end within 1 s on netduinoplus2") as error:
        run_elf(link(part, FOREVER, tmp_path), machine_for_part(part), timeout=1)
    assert "so far" in error.value.hint


@pytest.fixture
def f405() -> Machine:
    return machine_for_part(find_part("STM32F405RGT6"))


def test_firmware_for_other_memory_is_refused(tmp_path: Path, f405: Machine) -> None:
    elf = link(machine_for_core(find_core("cortex-m4")).board, FOREVER, tmp_path)
    with pytest.raises(ToolError, match=r"netduinoplus2 has no memory for section \.vectors"):
        run_elf(elf, f405)


def test_what_is_no_program_is_refused(tmp_path: Path, f405: Machine) -> None:
    (tmp_path / "no.elf").write_text("no")
    with pytest.raises(ToolError, match="no ELF file"):
        run_elf(tmp_path / "no.elf", f405)
    with pytest.raises(ToolError, match="cannot read the program"):
        run_elf(tmp_path / "missing.elf", f405)
    with pytest.raises(ToolError, match="not for Arm"):
        run_elf(Path("/proc/self/exe").resolve(), f405)


def test_a_part_without_a_machine() -> None:
    with pytest.raises(ToolError, match="no board with the cortex-m7 and the memory map of STM32H743ZIT6") as error:
        machine_for_part(find_part("STM32H743ZIT6"))
    assert "mps2-an500" in error.value.hint


def test_without_qemu(tmp_path: Path, f405: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    elf = link(find_part("STM32F405RGT6"), FOREVER, tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match="qemu-system-arm is not installed"):
        run_elf(elf, f405, emulator=Emulator.QEMU)
