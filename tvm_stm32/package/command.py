# SPDX-License-Identifier: Apache-2.0
"""Package a compiled model and its library for CMake: find_package(<name> CONFIG) and <name>::<name>."""

from __future__ import annotations

import argparse
from pathlib import Path

from tvm_stm32.package.cmake import NO_VERSION, print_place, write_cmake_package


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``tvm-stm32 cmake-package``."""
    parser.add_argument(
        "model", type=Path, metavar="DIR", help="the folder the model was compiled into, or its manifest"
    )
    parser.add_argument("--library", type=Path, required=True, metavar="FILE", help="the static library built from it")
    parser.add_argument(
        "--version", default=NO_VERSION, help="the package's version, such as 1.2; default: %(default)s"
    )
    parser.add_argument("--host", action="store_true", help="the library is for this machine, not for the STM32")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="PREFIX", help="folder to write to")


def run(arguments: argparse.Namespace) -> None:
    """Write the package, and print the one line that finds it under any toolchain file."""
    files = write_cmake_package(
        arguments.output, arguments.model, arguments.library, version=arguments.version, host=arguments.host
    )
    print_place(files[-1].parent.name, arguments.output, files)
