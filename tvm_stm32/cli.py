# SPDX-License-Identifier: Apache-2.0
"""``tvm-stm32``: one verb per capability, each a module with ``add_arguments(parser)`` and ``run(arguments)``.

What ``run`` returns, if it returns anything, is the exit status.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

import tvm_stm32
from tvm_stm32.errors import TvmStm32Error, missing_module

#: verb -> (module, one line of help); modules are imported only when their verb runs
VERBS = {
    "compile": ("tvm_stm32.codegen.command", "compile a model to C"),
    "group": ("tvm_stm32.codegen.group", "plan working memory for models that take turns"),
    "glow-bundle": ("tvm_stm32.api.glow.bundle", "make models the entry points of one Glow bundle"),
    "parts": ("tvm_stm32.device.catalogue", "list parts with their memories, and what a model would leave"),
    "flags": ("tvm_stm32.device.flags", "print the compiler flags of a part"),
    "startup": ("tvm_stm32.device.command", "write the linker script and start-up of a part"),
    "size": ("tvm_stm32.report.command", "print how much flash and RAM a program takes"),
    "run": ("tvm_stm32.emulator.command", "run firmware on an emulated board"),
    "new-project": ("tvm_stm32.project.command", "write a firmware project for a model and a part"),
    "cmake-package": ("tvm_stm32.package.command", "package a library for find_package"),
    "cmake-components": ("tvm_stm32.package.components", "make packages the components of one for find_package"),
    "export-mlf": ("tvm_stm32.package.library_format.command", "write an archive in TVM's Model Library Format"),
    "validate": ("tvm_stm32.check.command", "compare a model's C with the model's original interpreter"),
    "doctor": ("tvm_stm32.doctor.command", "say what is installed here, what is missing and how to get it"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; returns its exit status, 2 for every error that the user can do something about."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(prog="tvm-stm32", description="Trained neural networks as C for STM32.")
    parser.add_argument("--version", action="version", version=f"tvm-stm32 {tvm_stm32.__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, (_, text) in VERBS.items():
        verbs.add_parser(name, help=text, add_help=False)
    verb = parser.parse_args(arguments[:1]).verb
    try:
        module = importlib.import_module(VERBS[verb][0])
        verb_parser = argparse.ArgumentParser(prog=f"tvm-stm32 {verb}", description=module.__doc__)
        module.add_arguments(verb_parser)
        status = module.run(verb_parser.parse_args(arguments[1:]))
        sys.stdout.flush()
        return status or 0
    except TvmStm32Error as error:
        return _refuse(error)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("tvm_stm32"):
            raise
        return _refuse(missing_module(error.name))
    except BrokenPipeError:  # whoever read what was printed, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _refuse(error: TvmStm32Error) -> int:
    print(f"tvm-stm32: error: {error}", file=sys.stderr)
    return 2
