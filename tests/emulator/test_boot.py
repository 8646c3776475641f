# SPDX-License-Identifier: Apache-2.0
"""Firmware with the generated linker script and start-up boots on emulated boards and finds C's rules kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from arm_firmware import link

from tvm_stm32.device.core import find_core
from tvm_stm32.device.part import MemoryRegion, Part, find_part
from tvm_stm32.emulator.machine import Machine, machine_for_core, machine_for_part
from tvm_stm32.emulator.run import run_elf
from tvm_stm32.errors import ToolError

# Memory is full of zeros when QEMU starts, so the program soils it and enters the reset handler a second time.
START_UP = """
#include "semihosting.h"
#include <stdint.h>
void Reset_Handler(void);
void constructor(void);
extern uint32_t __heap_start[];
extern uint8_t net_activations[100];
uint8_t net_activations[100] __attribute__((section(".bss.net_activations")));
static volatile uint32_t initialised[3] = {1, 2, 3};
static volatile uint32_t zero[3];
static volatile uint32_t constructed;
static volatile float product = 1.5f;
__attribute__((constructor)) void constructor(void) { constructed += 7; }
static int wrong(void)
{
    for (unsigned i = 0; i < sizeof net_activations; i++) {
        if (net_activations[i] != 0) {
            return 1;
        }
    }
    if (initialised[0] != 1 || initialised[2] != 3) {
        return 2;
    }
    if (zero[0] != 0 || zero[2] != 0) {
        return 3;
    }
    return constructed == 7 ? 0 : 4;
}
int main(void)
{
    volatile uint32_t *passes = __heap_start; /* not touched by the start-up */
    int status = wrong();
    if (status == 0 && *passes == 0) {
        *passes = 1;
        for (unsigned i = 0; i < sizeof net_activations; i++) {
            net_activations[i] = 0xA5;
        }
        initialised[0] = initialised[2] = zero[0] = zero[2] = constructed = 0xA5A5A5A5u;
        Reset_Handler();
    }
    product *= 3.0f;
    semihosting_print(product == 4.5f ? "4.5\\n" : "?\\n");
    semihosting_exit(status == 0 ? 42 : status);
    return 0;
}
"""


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


HANDLERS = """
#include "semihosting.h"
static volatile int handled;
void PendSV_Handler(void);
void PendSV_Handler(void) { handled = 9; }
int main(void)
{
    *(volatile uint32_t *)0xE000ED04u = 1u << 28; /* ICSR: make PendSV pending */
    __asm__ volatile("dsb\\n\\tisb" ::: "memory");
    semihosting_exit(handled);
    return 0;
}
"""


def test_the_application_overrides_a_handler(tmp_path: Path) -> None:
    part = find_part("STM32F405RGT6")
    assert run_elf(link(part, HANDLERS, tmp_path), machine_for_part(part), timeout=30).status == 9


BAD_ADDRESS = """
#include "semihosting.h"
void store(volatile int *to);
__attribute__((noinline)) void store(volatile int *to) { *to = 1; }
int main(void) { semihosting_print("so far\\n"); store((volatile int *)0x60000000u); return 0; }
"""
STACK_OVERFLOW = """
int deeper(volatile int *outer);
__attribute__((noinline)) int deeper(volatile int *outer)
{
    volatile int inner[64] = {0};
    inner[*outer & 63] = *outer + 1;
    return inner[*outer & 63] == 0 ? 0 : deeper(inner) + inner[5];
}
int main(void) { volatile int start[64] = {0}; return deeper(start); }
"""
NO_HANDLER = """
#include <stdint.h>
int main(void)
{
    *(volatile uint32_t *)0xE000ED04u = 1u << 28;
    for (;;) { }
}
"""
FOREVER = """
#include "semihosting.h"
int main(void) { semihosting_print("so far\\n"); for (;;) { } }
"""


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
        run_elf(elf, f405)
