# SPDX-License-Identifier: Apache-2.0
"""Write a firmware project for a model and a part: start-up, linker script, main, CMake and SCons build, README."""

from __future__ import annotations

import argparse
from pathlib import Path

from tvm_stm32.codegen.command import add_memory_pools, summary
from tvm_stm32.project.create import new_project


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``tvm-stm32 new-project``."""
    parser.add_argument("directory", type=Path, metavar="DIR", help="the project's folder, new or empty")
    parser.add_argument(
        "--model",
        type=Path,
        required=True,
        metavar="FILE",
        help="a .tflite, .onnx or .pt2 file, or an archive of export-mlf",
    )
    parser.add_argument("--part", help="STM32 part number, such as STM32F405RGT6; what is left out, an archive says")
    parser.add_argument("--name", help="C identifier of the model; default: from the model's file name")
    parser.add_argument("--optimize", choices=("time", "ram", "balanced"), help="default: balanced")
    add_memory_pools(parser)


def run(arguments: argparse.Namespace) -> None:
    """Write the project, and print what the model needs and how to go on."""
    model = new_project(
        arguments.directory,
        arguments.model,
        arguments.part,
        arguments.name,
        arguments.optimize,
        arguments.memory_pools or "",
    )
    print(summary(model))
    print(f"{arguments.directory}: a project for {model.settings.part}; its README.md says how to build and run it")
