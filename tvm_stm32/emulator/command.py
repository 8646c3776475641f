# SPDX-License-Identifier: Apache-2.0
"""Run firmware on an emulated board: its output by semihosting, its exit status, instructions and stack."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tvm_stm32.device.part import Part, find_part
from tvm_stm32.emulator.kinds import Emulator
from tvm_stm32.emulator.machine import Machine, find_machine
from tvm_stm32.emulator.result import Run
from tvm_stm32.emulator.run import run_elf, stream
from tvm_stm32.errors import SettingsError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``tvm-stm32 run``."""
    parser.add_argument("elf", type=Path, metavar="ELF", help="firmware")
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--part", help="STM32 part number that the firmware is linked for")
    target.add_argument("--machine", help="the emulated board, by QEMU's name, such as mps2-an386")
    parser.add_argument(
        "--emulator",
        type=Emulator,
        choices=list(Emulator),
        help="default: QEMU where it is installed and has a board with the part's memories, else Unicorn",
    )
    parser.add_argument(
        "--count",
        nargs=2,
        metavar=("BEGIN", "END"),
        help="count the instructions from each call of function BEGIN to the next of END",
    )
    parser.add_argument("--stack", action="store_true", help="measure how deep the stack was (Unicorn)")
    parser.add_argument(
        "--stream", action="store_true", help="input and output are the firmware's, as they come; no time limit"
    )
    parser.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS", help="default: 60")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write there what would be printed")


def run(arguments: argparse.Namespace) -> None:
    """Run, print the output and what was measured, and exit with the firmware's status unless it is 0."""
    board = find_machine(arguments.machine) if arguments.machine else find_part(arguments.part)
    if arguments.stream:
        sys.exit(_stream(arguments, board))
    marks = arguments.count and tuple(arguments.count)
    result = run_elf(arguments.elf, board, marks, arguments.timeout, arguments.emulator, stack=arguments.stack)
    text = result.output + "".join(f"{line}\n" for line in summary(result))
    if arguments.output:
        arguments.output.write_text(text, encoding="utf-8")
    if result.status or not arguments.output:
        print(text, end="")
    if result.status:
        sys.exit(result.status)


def _stream(arguments: argparse.Namespace, board: Machine | Part) -> int:
    if arguments.count or arguments.stack or arguments.output:
        raise SettingsError("what is streamed is the firmware's alone", "--stream", "leave off --count, --stack and -o")
    return stream(arguments.elf, board, arguments.emulator)


def summary(result: Run) -> list[str]:
    """What was measured, a line each: the number of intervals and the least, mean and greatest number of instructions;
    the stack in bytes, of how many."""
    lines = []
    if counts := result.counts:
        least, mean, most = min(counts), sum(counts) / len(counts), max(counts)
        lines.append(f"instructions   {len(counts)} intervals: least {least:,}, mean {mean:,.1f}, most {most:,}")
    if result.stack:
        lines.append(f"stack          {result.stack.deepest:,} of {result.stack.size:,} bytes")
    return lines
