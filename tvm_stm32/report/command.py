# SPDX-License-Identifier: Apache-2.0
"""Print how much of a part's flash and RAM a program takes."""

from __future__ import annotations

import argparse
from pathlib import Path

from tvm_stm32.device.part import find_part
from tvm_stm32.report.size import read_sizes, size_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``tvm-stm32 size``."""
    parser.add_argument("elf", type=Path, metavar="ELF", help="a linked program")
    parser.add_argument("--part", required=True, help="STM32 part number that it is linked for")


def run(arguments: argparse.Namespace) -> None:
    """Print the table."""
    print(size_table(read_sizes(arguments.elf, find_part(arguments.part))))
