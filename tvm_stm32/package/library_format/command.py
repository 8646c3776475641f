# SPDX-License-Identifier: Apache-2.0
"""Compile a model, and write C, headers, parameters and the model file as one archive in TVM's Model Library Format."""

from __future__ import annotations

import argparse
from pathlib import Path

from tvm_stm32.codegen.child import compile_in_child
from tvm_stm32.codegen.command import add_settings, settings_of, summary
from tvm_stm32.codegen.write import write_artifacts
from tvm_stm32.errors import SettingsError
from tvm_stm32.model.library_format import SOURCES
from tvm_stm32.model.model_file import read_model_file, whole_model
from tvm_stm32.package.library_format.archive import API, library_archive


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``tvm-stm32 export-mlf``."""
    add_settings(parser)
    parser.set_defaults(api=API, observer="no", accelerator="no", memory_pools=None)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="archive to write, a .tar")


def run(arguments: argparse.Namespace) -> None:
    """Write the archive, and print what the model needs."""
    given = read_model_file(arguments.model)
    if given.suffix not in SOURCES:
        hint = "its name in the archive must say what it is: " + " or ".join(SOURCES)
        raise SettingsError("the model file has another suffix", str(arguments.model), hint)
    settings, _ = settings_of(arguments)
    model = compile_in_child(arguments.model, settings)
    source = given.content if given.archive else whole_model(given.content, arguments.model.parent)
    archive = library_archive(model, source)
    write_artifacts({arguments.output.name: archive}, arguments.output.parent)
    print(summary(model))
    print(f"  {arguments.output}: {len(archive):,} bytes")
