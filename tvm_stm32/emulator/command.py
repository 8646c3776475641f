# SPDX-License-Identifier: Apache-2.0
"""Run firmware on an emulated board: its output by semihosting, its exit status, and instruction counts."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tvm_stm32.device.part import find_part
from tvm_stm32.emulator.machine import find_machine, machine_for_part
from tvm_stm32.emulator.run import run_elf


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``tvm-stm32 run``."""
    parser.add_argument("elf", type=Path, metavar="ELF", help="firmware")
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--part", help="STM32 part number that the firmware is linked for")
    target.add_argument("--machine", help="the emulated board, by QEMU's name, such as mps2-an386")
    parser.add_argument(
        "--count",
        nargs=2,
        metavar=("BEGIN", "END"),
        help="count the instructions from each call of function BEGIN to the next of END",
    )
    parser.add_argument("--timeout", type=float, default=60.0, metavar="SECONDS", help="default: 60")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write there what would be printed")


def run(arguments: argparse.Namespace) -> None:
    """Run, print the output and the counts, and exit with the firmware's status unless it is 0."""
    machine = find_machine(arguments.machine) if arguments.machine else machine_for_part(find_part(arguments.part))
    result = run_elf(arguments.elf, machine, arguments.count and tuple(arguments.count), arguments.timeout)
    text = result.output + (f"{count_summary(result.counts)}\n" if result.counts else "")
    if arguments.output:
        arguments.output.write_text(text, encoding="utf-8")
    if result.status or not arguments.output:
        print(text, end="")
    if result.status:
        sys.exit(result.status)


def count_summary(counts: list[int]) -> str:
    """One line: how many intervals, and the least, mean and greatest number of instructions."""
    least, mean, most = min(counts), sum(counts) / len(counts), max(counts)
    return f"instructions   {len(counts)} intervals: least {least:,}, mean {mean:,.1f}, most {most:,}"
