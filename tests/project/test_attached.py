# SPDX-License-Identifier: Apache-2.0
"""A board behind a debugger: pyocd's own agent answers the calls of firmware, whose core is halted by QEMU.

What is not tried here is pyocd's way to a probe; that there is none here, it says in test_project_api.py.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from arm_firmware import link
from gdb_remote import EmulatedCore
from pyocd.debug.semihost import SemihostAgent

from tvm_stm32.device.part import find_part
from tvm_stm32.emulator.machine import machine_for_part
from tvm_stm32.errors import ToolError
from tvm_stm32.project import attached

PART = find_part("STM32F405RGT6")

#: Sends back what it gets, in pieces of three bytes and in capitals, until there is no more.
ECHO = """
#include "semihosting.h"
static int32_t call(uint32_t operation, uint32_t a, const void *b, uint32_t c)
{
    const uint32_t arguments[] = {a, (uint32_t)b, c};
    return semihosting_call(operation, arguments);
}
int main(void)
{
    const int32_t from = call(0x01, (uint32_t)":tt", (const void *)0, 3);
    const int32_t to = call(0x01, (uint32_t)":tt", (const void *)4, 3);
    char text[3];
    int32_t left;
    if (call(0x01, (uint32_t)"file", (const void *)0, 4) != -1) {
        semihosting_exit(1);
    }
    while ((left = call(0x06, (uint32_t)from, text, sizeof text)) < (int32_t)sizeof text) {
        for (int32_t i = 0; i < (int32_t)sizeof text - left; i++) {
            text[i] = (char)(text[i] - 32);
        }
        (void)call(0x05, (uint32_t)to, text, sizeof text - (uint32_t)left);
    }
    semihosting_exit(9);
}
"""


def serve(source: str, folder: Path, console: attached.Console, stop: str = "") -> int:
    """The exit status of the program."""
    core = EmulatedCore(link(PART, source, folder), machine_for_part(PART), folder, stop)
    try:
        core.resume()
        return attached.serve_calls(core, SemihostAgent(core, io_handler=console))
    finally:
        core.close()


def test_console_of_a_board(tmp_path: Path) -> None:
    """Bytes go from one pipe and to another; the end of the input is the firmware's to notice."""
    (for_board, to_board), (from_board, by_board) = os.pipe(), os.pipe()
    os.write(to_board, b"helloboard")
    os.close(to_board)
    assert serve(ECHO, tmp_path, attached.Console(for_board, by_board)) == 9
    assert os.read(from_board, 100) == b"HELLOBOARD"
    for descriptor in (for_board, from_board, by_board):
        os.close(descriptor)


def test_a_core_that_stops_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"the core stopped at 0x080[0-9a-f]{5}$"):
        serve(ECHO, tmp_path, attached.Console(0, 1), stop="main")


def test_without_pyocd(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "pyocd", None)  # as Python remembers a module that it has not found
    with pytest.raises(ToolError, match=r"pip install pyocd==0\.46\.0"):
        attached.program(tmp_path / "app.elf", "stm32f405rgtx", None)
    with pytest.raises(ToolError, match="which is not installed"):
        attached.console_command("stm32f405rgtx", None)


@pytest.mark.parametrize(
    ("part", "name"),
    [("STM32F405RGT6", "stm32f405rgtx"), ("STM32H745ZIT6@m7", "stm32h745zitx"), ("STM32F405RG", "stm32f405rg")],
)
def test_target_names(part: str, name: str) -> None:
    assert attached.target_name(part) == name
