# SPDX-License-Identifier: Apache-2.0
"""Print the machine flags that gcc and clang need for a part or a core, in one line."""

from __future__ import annotations

import argparse

from tvm_stm32.device.core import FLOAT_ABIS, compiler_flags, find_core
from tvm_stm32.device.part import find_part


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``tvm-stm32 flags``."""
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--part", help="STM32 part number, such as STM32F405RGT6")
    target.add_argument("--cpu", help="core, such as cortex-m4")
    parser.add_argument("--float-abi", choices=FLOAT_ABIS, help="default: hard where there is an FPU, else soft")


def run(arguments: argparse.Namespace) -> None:
    """Print the flags."""
    if arguments.part:
        flags = find_part(arguments.part).compiler_flags(arguments.float_abi)
    else:
        flags = compiler_flags(find_core(arguments.cpu), float_abi=arguments.float_abi)
    print(" ".join(flags))
