# SPDX-License-Identifier: Apache-2.0
"""Which emulator runs firmware when none is named, and how either can be had where both are missing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from arm_firmware import link
from emulator.programs import BAD_ADDRESS

from tvm_stm32.cli import main
from tvm_stm32.device.part import Part, find_part
from tvm_stm32.emulator.kinds import Emulator
from tvm_stm32.emulator.machine import Machine, machine_for_part
from tvm_stm32.emulator.qemu import QEMU
from tvm_stm32.emulator.run import run_elf, streaming_command
from tvm_stm32.errors import SettingsError, ToolError

F405 = find_part("STM32F405RGT6")
MACHINE = machine_for_part(F405)


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Firmware whose fault tells what it ran on."""
    return link(F405, BAD_ADDRESS, tmp_path_factory.mktemp("faulty"))


@pytest.fixture
def without_qemu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.fixture
def without_unicorn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "unicorn", None)


def ran_on(
    elf: Path, board: Machine | Part, marks: tuple[str, str] | None = None, emulator: Emulator | None = None
) -> str:
    """The board that the message names, for firmware that faults."""
    with pytest.raises(ToolError, match="the firmware faulted at") as error:
        run_elf(elf, board, marks, 30, emulator)
    return error.value.what.split(" on ")[1].split(":")[0]


def test_qemu_where_it_has_a_board(faulty: Path) -> None:
    assert ran_on(faulty, F405) == ran_on(faulty, MACHINE) == "netduinoplus2"
    assert ran_on(faulty, F405, emulator=Emulator.UNICORN) == "STM32F405RGT6 (Unicorn)"
    assert ran_on(faulty, MACHINE, emulator=Emulator.UNICORN) == "netduinoplus2 (Unicorn)"


def test_unicorn_where_qemu_has_no_board(tmp_path: Path) -> None:
    part = find_part("STM32H743ZIT6")
    elf = link(part, BAD_ADDRESS, tmp_path)
    assert ran_on(elf, part) == "STM32H743ZIT6 (Unicorn)"
    with pytest.raises(ToolError, match="QEMU has no board with the cortex-m7"):
        run_elf(elf, part, emulator=Emulator.QEMU)


def test_unicorn_where_the_board_of_qemu_lacks_a_memory(tmp_path: Path) -> None:
    variable = 'static volatile int fast __attribute__((section(".bss.fast")));\nint main(void) { fast++; '
    elf = link(F405, BAD_ADDRESS.replace("int main(void) {", variable), tmp_path, {"fast": "CCM"})
    assert ran_on(elf, F405) == "STM32F405RGT6 (Unicorn)"
    with pytest.raises(ToolError, match=r"netduinoplus2 has no memory for section \.fast"):
        run_elf(elf, F405, emulator=Emulator.QEMU)


@pytest.mark.usefixtures("without_qemu")
def test_unicorn_where_qemu_is_missing(faulty: Path) -> None:
    assert ran_on(faulty, F405) == "STM32F405RGT6 (Unicorn)"
    assert ran_on(faulty, MACHINE) == "netduinoplus2 (Unicorn)"


def test_unicorn_where_the_plugin_cannot_be_compiled(
    faulty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ran_on(faulty, F405, ("main", "store")) == "netduinoplus2"
    (tmp_path / QEMU).symlink_to(shutil.which(QEMU) or "")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert ran_on(faulty, F405) == "netduinoplus2"
    assert ran_on(faulty, F405, ("main", "store")) == "STM32F405RGT6 (Unicorn)"


@pytest.mark.usefixtures("without_qemu", "without_unicorn")
def test_without_either_both_are_named(faulty: Path) -> None:
    for part, missing in ((F405, f"{QEMU} is not installed"), (find_part("STM32H743ZIT6"), "QEMU has no board")):
        with pytest.raises(ToolError, match=missing) as error:
            run_elf(faulty, part)
        assert "pip install 'tvm-stm32[emulate]'" in error.value.hint
    with pytest.raises(ToolError, match="the Python package unicorn is not installed") as error:
        run_elf(faulty, F405, emulator=Emulator.UNICORN)
    assert error.value.hint == "pip install 'tvm-stm32[emulate]'"


def test_qemu_does_not_measure_the_stack(faulty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SettingsError, match="QEMU does not measure the stack"):
        run_elf(faulty, F405, emulator=Emulator.QEMU, stack=True)
    assert main(["run", str(faulty), "--part", "STM32F405RGT6", "--stack"]) == 2  # Unicorn, unasked
    assert "on STM32F405RGT6 (Unicorn)" in capsys.readouterr().err


# --- streams ---------------------------------------------------------------------------------------------------------

# Sends each byte back, one more, but for the byte 255.
ECHO = """
#include "semihosting.h"
static int32_t call(uint32_t operation, uint32_t a, uint32_t b, uint32_t c)
{
    const uint32_t block[] = {a, b, c};
    return semihosting_call(operation, block);
}
int main(void)
{
    const int32_t in = call(0x01, (uint32_t)":tt", 0, 3), out = call(0x01, (uint32_t)":tt", 4, 3);
    uint8_t byte = 0;
    while (call(0x06, (uint32_t)in, (uint32_t)&byte, 1) == 0 && byte != 255u) {
        byte++;
        (void)call(0x05, (uint32_t)out, (uint32_t)&byte, 1);
    }
    semihosting_exit(byte == 255u ? 7 + 256 : 8);
    return 0;
}
"""


@pytest.mark.parametrize(("given", "status"), [(b"ABC\xff\0", 7), (b"\0", 8)])
def test_a_stream_is_the_same_by_either(given: bytes, status: int, echo: Path) -> None:
    for emulator in Emulator:
        command = streaming_command(echo, MACHINE, emulator)
        done = subprocess.run(command, input=given, capture_output=True, timeout=60, check=False)
        sent = bytes(byte + 1 for byte in given.partition(b"\xff")[0])
        assert (done.returncode, done.stdout, done.stderr) == (status, sent, b"")


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return link(F405, ECHO, tmp_path_factory.mktemp("echo"))


def test_the_command_that_streams(faulty: Path) -> None:
    command = [sys.executable, "-m", "tvm_stm32", "run", str(faulty), "--part", "STM32F405RGT6", "--stream"]
    command += ["--emulator", "unicorn"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "so far\n")
    assert "faulted at" in done.stderr
    refused = subprocess.run([*command, "--stack"], capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 2 and "leave off --count, --stack and -o" in refused.stderr
