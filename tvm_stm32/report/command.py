# SPDX-License-Identifier: Apache-2.0
"""Print how much of a part's flash and RAM a program takes, or what the static library of a model holds."""

from __future__ import annotations

import argparse
from pathlib import Path

from tvm_stm32.device.part import find_part
from tvm_stm32.errors import SettingsError
from tvm_stm32.report.library import library_table, read_library_sizes
from tvm_stm32.report.size import read_sizes, size_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``tvm-stm32 size``."""
    parser.add_argument("file", type=Path, metavar="FILE", help="a linked program (ELF), or a static library (.a)")
    parser.add_argument("--part", help="STM32 part number that a program is linked for")


def run(arguments: argparse.Namespace) -> None:
    """Print the table."""
    file: Path = arguments.file
    if file.suffix == ".a":
        print(library_table(file, read_library_sizes(file)))
    elif arguments.part:
        print(size_table(read_sizes(file, find_part(arguments.part))))
    else:
        raise SettingsError("a program is compared with the memory of a part", str(file), "add --part STM32F405RGT6")
