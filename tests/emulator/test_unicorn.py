# SPDX-License-Identifier: Apache-2.0
"""On Unicorn firmware runs in the memories of its own part, and what it cannot do there is told with its place."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from arm_firmware import link
from emulator.programs import BAD_ADDRESS, COUNTED, FOREVER, HANDLERS, STACK_OVERFLOW, START_UP

from tvm_stm32.cli import main
from tvm_stm32.device.core import find_core
from tvm_stm32.device.part import MemoryRegion, Part, find_part
from tvm_stm32.emulator.kinds import Emulator
from tvm_stm32.emulator.machine import machine_for_core, machine_for_part
from tvm_stm32.emulator.result import Run
from tvm_stm32.emulator.run import run_elf
from tvm_stm32.errors import ToolError

F405 = find_part("STM32F405RGT6")


def run(elf: Path, part: Part, marks: tuple[str, str] | None = None, timeout: float = 30, stack: bool = False) -> Run:
    return run_elf(elf, part, marks, timeout, Emulator.UNICORN, stack=stack)


def build(body: str, folder: Path, part: Part = F405, options: Sequence[str] = ()) -> Path:
    """Firmware with this body of main."""
    source = f'#include "semihosting.h"\nint main(void)\n{{\n{body}\nreturn 0;\n}}\n'
    return link(part, source, folder, options=options)


# STM32C011 has 6 KB of RAM, which is no whole number of pages; the RAM of H743 is its largest of six; MP157 has its
# vector table apart
@pytest.mark.parametrize(
    "name",
    "STM32C011D6Y6 STM32G071RBT6 STM32F103ZET6 STM32L476RGT6 STM32H743ZIT6 STM32U575ZIT6 STM32MP157CAC3".split(),
)
def test_parts_boot_in_their_own_memories(name: str, tmp_path: Path) -> None:
    part = find_part(name)
    result = run(link(part, START_UP, tmp_path), part)
    assert (result.status, result.output, result.counts, result.stack) == (42, "4.5\n", [], None)


# Instructions whose condition fails, code in RAM beside variables that it writes, and calls of all kinds.
MIXED = """
#include "semihosting.h"
void begin(void);
void end(void);
uint32_t mixed(uint32_t n);
uint32_t in_ram(uint32_t n);
static volatile uint32_t beside __attribute__((section(".ramfunc.variable"))) = 3;
__attribute__((noinline)) void begin(void) { __asm__ volatile("@ begin" ::: "memory"); }
__attribute__((noinline)) void end(void) { __asm__ volatile("@ end" ::: "memory"); }
__attribute__((section(".ramfunc.code"), noinline)) uint32_t in_ram(uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        beside += i;
    }
    return beside;
}
__attribute__((noinline)) uint32_t mixed(uint32_t n)
{
    uint32_t sum = 1;
    for (uint32_t i = 0; i < n; i++) {
        sum += (sum & 1u) != 0u ? i * 3u : sum % 7u;
        if (sum > 500u && (i & 3u) == 1u) {
            sum /= 3u;
        }
    }
    return sum;
}
int main(void)
{
    uint32_t (*volatile moved)(uint32_t) = in_ram;
    volatile float product = 0.5f;
    for (uint32_t n = 1; n < 300; n *= 3) {
        begin();
        const uint32_t sum = mixed(n) + moved(n);
        product *= (float)sum;
        end();
    }
    semihosting_print(product > 1.0f ? "more\\n" : "less\\n");
    semihosting_exit((int)(mixed(40) & 127u));
    return 0;
}
"""


@pytest.mark.parametrize("name", ["STM32F405RGT6", "STM32F103ZET6", "STM32G071RBT6"])
def test_status_output_and_counts_are_those_of_qemu(name: str, tmp_path: Path) -> None:
    part = find_part(name)
    elf = link(part, MIXED, tmp_path)
    result = run(elf, part, ("begin", "end"))
    assert result == run_elf(elf, machine_for_part(part), ("begin", "end"), emulator=Emulator.QEMU)
    assert len(result.counts) == len(set(result.counts)) == 6


@pytest.mark.parametrize("cpu", ["cortex-m7", "cortex-m33"])
def test_machines_of_qemu_are_emulated_too(cpu: str, tmp_path: Path) -> None:
    machine = machine_for_core(find_core(cpu))
    elf = link(machine.board, MIXED, tmp_path)
    result = run_elf(elf, machine, ("begin", "end"), emulator=Emulator.UNICORN)
    assert result == run_elf(elf, machine, ("begin", "end"), emulator=Emulator.QEMU)


def test_marks_may_be_anywhere(tmp_path: Path) -> None:
    """A mark that no jump leads to is in the middle of a block."""
    elf = link(F405, COUNTED.replace('"mov r0, r4', '".global amid\\n"\n"amid:\\tmov r0, r4'), tmp_path)
    assert run(elf, F405, ("begin", "end")).counts == [2 + 2 + 2 * (1 << k) + 1 + 1 for k in range(11)]
    assert run(elf, F405, ("amid", "end")).counts == [2 + 2 * (1 << k) + 1 + 1 for k in range(11)]
    assert run(elf, F405, ("loop", "end")).counts == [4] * 11
    assert run(elf, F405, ("loop", "main")).counts == []
    with pytest.raises(ToolError, match="no symbol 'finish'"):
        run(elf, F405, ("begin", "finish"))


def test_external_memory_is_what_the_firmware_has_there(tmp_path: Path) -> None:
    body = """
    static const int outside[2000] __attribute__((section(".outside"))) = {1, [1999] = 41};
    static const char bytes[8] __attribute__((section(".further"))) = "ab";
    volatile int *const values = (volatile int *)(uintptr_t)outside;
    if (*(const volatile char *)&bytes[1] == 'c') { values[1] = 1; }
    semihosting_exit(values[0] + values[1999]);
    """
    options = ["-Wl,--section-start=.outside=0x90000ff0,--section-start=.further=0x70000010"]
    assert run(build(body, tmp_path, options=options), F405).status == 42
    writes = build(body.replace("'c'", "'b'"), tmp_path, options=options)
    with pytest.raises(ToolError, match="it writes 0x90000ff4, in external memory, which does not allow that"):
        run(writes, F405)
    beyond = build(body.replace("values[1999]", "values[8000]"), tmp_path, options=options)
    with pytest.raises(ToolError, match="it reads 0x90008cf0, where STM32F405RGT6 has no memory"):
        run(beyond, F405)


# --- what ends a run -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["STM32F405RGT6", "STM32H743ZIT6", "STM32F030F4P6"])
def test_a_fault_is_told_with_its_place(name: str, tmp_path: Path) -> None:
    part = find_part(name)
    elf = link(part, BAD_ADDRESS, tmp_path)
    with pytest.raises(ToolError, match=r"faulted at 0x[0-9a-f]{8} in store on .*: it writes 0x60000000, ") as error:
        run(elf, part)
    assert f"{name} (Unicorn)" in error.value.what and f"where {name} has no memory" in error.value.what
    assert "so far" in error.value.hint
    if name == "STM32F405RGT6":
        with pytest.raises(ToolError) as on_qemu:
            run_elf(elf, part, emulator=Emulator.QEMU)
        assert on_qemu.value.what.split(" on ")[0] == error.value.what.split(" on ")[0]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (
            "*(volatile int *)0x08000100 = 1;",
            r"faulted at .* in main .*: it writes 0x08000100, in flash, which does not",
        ),
        ("(void)*(volatile int *)0x40023800;", r"in main .*: it reads 0x40023800, a peripheral: not emulated"),
        ("*(volatile int *)0x50000000 = 1;", r"in main .*: it writes 0x50000000, a peripheral: not emulated"),
        ("(void)*(volatile int *)0;", r"in main .*: it reads 0x00000000, where STM32F405RGT6 has no memory"),
        ("((void (*)(void))0x30000001)();", r"faulted at 0x30000000 .*no code can run there; lr is .* in main"),
        ("((void (*)(void))0x10000001)();", r"faulted at 0x10000000 .*no code can run there; lr is .* in main"),
        ('__asm__("udf #1");', r"faulted at .* in main .*no instruction of the cortex-m4 that Unicorn knows: de01"),
        ('__asm__("svc #1");', r"faulted at .* in main .*: svc: Unicorn has no exceptions"),
        ('__asm__("bkpt #1");', r"faulted at .* in main .*: a breakpoint, and there is no debugger"),
        ('__asm__("wfi");', r"sleeps at .* in main .*: a wfi, and Unicorn has no interrupts"),
        ("(void)semihosting_call(4, (void *)0x30000000);", r"gave semihosting an address without memory at .* in main"),
        (
            "*(volatile unsigned *)0xE000ED0Cu = 0x05FA0004u; for (;;) {}",
            r"asked for a reset \(AIRCR\) near .* in main",
        ),
        ("*(volatile unsigned *)0xE000E200u = 1; for (;;) {}", r"asked for an exception near .* in main"),
    ],
)
def test_what_cannot_be_done_is_told(body: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=problem):
        run(build(body, tmp_path), F405)


def test_double_precision_is_told(tmp_path: Path) -> None:
    part = find_part("STM32H743ZIT6")
    elf = build("volatile double x = 1.5; x *= 3.0; semihosting_exit(x == 4.5);", tmp_path, part)
    with pytest.raises(
        ToolError, match=r"in main .*: double precision, which Unicorn lacks; QEMU has it on mps2-an500"
    ):
        run(elf, part)


def test_a_stack_overflow_is_told(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="the firmware overflowed its stack, which ends at 0x20000000 on"):
        run(link(F405, STACK_OVERFLOW, tmp_path), F405)


def test_exceptions_are_left_to_qemu(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"asked for an exception near .* in main on .*: QEMU has exceptions"):
        run(link(F405, HANDLERS, tmp_path), F405)


def test_a_hang_is_ended(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"did not end within 0.5 s on .*: it was near 0x[0-9a-f]{8} in main") as error:
        run(link(F405, FOREVER, tmp_path), F405, timeout=0.5)
    assert "so far" in error.value.hint


def test_cores_that_unicorn_lacks(tmp_path: Path) -> None:
    board = machine_for_core(find_core("cortex-m55")).board
    with pytest.raises(ToolError, match="Unicorn does not emulate the cortex-m55") as error:
        run(link(board, FOREVER, tmp_path), board)
    assert "mps3-an547" in error.value.hint


def test_firmware_for_other_memory_is_refused(tmp_path: Path) -> None:
    part = find_part("STM32H743ZIT6")
    elf = link(part, START_UP, tmp_path)
    with pytest.raises(ToolError, match=r"STM32F405RGT6 has no memory for section \.bss"):
        run(elf, F405)
    other = MemoryRegion("other", part.flash.start, part.flash.size, "rx")
    memory = (MemoryRegion("flash", 0x07000000, 4096, "rx"), other, part.ram)
    with pytest.raises(ToolError, match="no vector table in FLASH of STM32H743ZIT6"):
        run(elf, replace(part, memory=memory))


# --- registers of the core -------------------------------------------------------------------------------------------

REGISTERS = """
volatile unsigned *const cpacr = (volatile unsigned *)0xE000ED88u, *const ccr = (volatile unsigned *)0xE000ED14u;
volatile unsigned *const cpuid = (volatile unsigned *)0xE000ED00u, *const dwt = (volatile unsigned *)0xE0001004u;
volatile unsigned char *const priority = (volatile unsigned char *)0xE000ED23u;
int wrong = *cpacr != 0xFu << 20; /* by the start-up */
*ccr |= 1u << 16;
wrong |= (*ccr != (0x200u | 1u << 16)) << 1;
wrong |= (*cpuid >> 4 != 0x410FC24u) << 2;
wrong |= (*dwt != 0u) << 3;
*priority = 0xF0;
wrong |= (*(volatile unsigned *)0xE000ED20u != 0xF0000000u) << 4;
semihosting_exit(wrong);
"""


def test_registers_of_the_core_keep_what_is_written(tmp_path: Path) -> None:
    assert run(build(REGISTERS, tmp_path), F405).status == 0


# What newlib's own semihosting (rdimon.specs) asks, and what a sandbox answers.
HOST = """
const unsigned opening[] = {(unsigned)":semihosting-features", 0, 21}, file[] = {(unsigned)"/etc/passwd", 0, 11};
const unsigned features = (unsigned)semihosting_call(0x01, opening);
unsigned char bytes[5] = {0};
const unsigned all[] = {features, (unsigned)bytes, 5}, seek[] = {features, 4}, rest[] = {features, (unsigned)bytes, 3};
unsigned heap[4] = {1, 1, 1, 1}, *const information[] = {heap}, line[] = {(unsigned)bytes, 5};
int wrong = semihosting_call(0x0C, all) != 5 || semihosting_call(0x06, all) != 0 || bytes[0] != 'S' || bytes[3] != 'B';
wrong |= (semihosting_call(0x0A, seek) != 0 || semihosting_call(0x06, rest) != 2 || bytes[0] != 3) << 1;
wrong |= (semihosting_call(0x01, file) != -1 || semihosting_call(0x13, 0) != 0) << 2;
wrong |= (semihosting_call(0x16, information) != 0 || heap[0] != 0 || heap[3] != 0) << 3;
wrong |= (semihosting_call(0x15, line) != 0 || line[1] != 0 || bytes[0] != 0) << 4;
wrong |= (semihosting_call(0x77, 0) != -1 || semihosting_call(0x07, 0) != -1) << 5;
wrong |= (semihosting_call(0x10, 0) < 0 || semihosting_call(0x11, 0) < 1000000000) << 6;
(void)semihosting_call(0x03, "!");
(void)semihosting_call(0x18, (void *)(wrong == 0 ? 0x20026 : 0x20023));
semihosting_exit(wrong);
"""


def test_the_host_answers(tmp_path: Path) -> None:
    result = run(build(HOST, tmp_path), F405)
    assert (result.status, result.output) == (0, "!")


# --- stack -----------------------------------------------------------------------------------------------------------

DEEP = """
#include "semihosting.h"
void deep(void);
__attribute__((noinline)) void deep(void)
{
    volatile unsigned char used[%d];
    for (unsigned i = 0; i < sizeof used; i++) {
        used[i] = 1;
    }
}
int main(void) { deep(); semihosting_exit(0); return 0; }
"""


def test_the_depth_of_the_stack_is_measured(tmp_path: Path) -> None:
    depths = {}
    for size in (400, 1400):
        elf = link(F405, DEEP % size, tmp_path, options=["-fstack-usage"])
        stack = run(elf, F405, stack=True).stack
        assert stack and stack.size == 4096
        depths[size] = stack.deepest
        usage = {line.split(":")[3].split()[0]: line for line in (tmp_path / "firmware.elf-main.su").open()}
        frames = sum(int(usage[function].split()[1]) for function in ("deep", "main"))
        assert frames <= depths[size] <= frames + 64  # and what is before main
    assert depths[1400] - depths[400] == 1000
    stripped = tmp_path / "stripped.elf"
    command = ["arm-none-eabi-objcopy", "--strip-symbol=__stack_limit", str(elf), str(stripped)]
    subprocess.run(command, check=True, timeout=60)
    assert run(stripped, F405, stack=True).stack == stack


def test_the_command_prints_stack_and_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    elf = link(F405, COUNTED, tmp_path)
    options = ["--part", "STM32F405RGT6", "--emulator", "unicorn"]
    with pytest.raises(SystemExit) as exit_status:
        main(["run", str(elf), *options, "--count", "begin", "end", "--stack"])
    assert exit_status.value.code == 3
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "instructions   11 intervals: least 8, mean 378.2, most 2,054"
    assert printed[1].startswith("stack          ") and printed[1].endswith(" of 4,096 bytes")
