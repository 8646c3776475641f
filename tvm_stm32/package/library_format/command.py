# SPDX-License-Identifier: Apache-2.0
"""Compile a model, and write C, headers, parameters and the model file as one archive in TVM's Model Library Format."""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from tvm_stm32.codegen.child import compile_in_child
from tvm_stm32.codegen.command import add_settings, settings_of, summary
from tvm_stm32.codegen.compiled_model import CompiledModel, Settings
from tvm_stm32.codegen.write import write_artifacts
from tvm_stm32.errors import ModelError, SettingsError
from tvm_stm32.model.library_format import SOURCES
from tvm_stm32.package.library_format.archive import API, library_archive


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``tvm-stm32 export-mlf``."""
    add_settings(parser)
    parser.set_defaults(api=API, observer="no", accelerator="no", memory_pools=None)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="archive to write, a .tar")


def run(arguments: argparse.Namespace) -> None:
    """Write the archive, and print what the model needs."""
    if arguments.model.suffix.lower() not in SOURCES:
        hint = "its name in the archive must say what it is: " + " or ".join(SOURCES)
        raise SettingsError("the model file has another suffix", str(arguments.model), hint)
    settings, _ = settings_of(arguments)
    model = _compile_alone(arguments.model, settings)
    archive = library_archive(model, arguments.model.read_bytes())
    write_artifacts({arguments.output.name: archive}, arguments.output.parent)
    print(summary(model))
    print(f"  {arguments.output}: {len(archive):,} bytes")


def _compile_alone(path: Path, settings: Settings) -> CompiledModel:
    """Compile a copy of `path` that has no other file beside it: what the archive holds must be enough."""
    with tempfile.TemporaryDirectory(prefix="tvm_stm32_") as folder:
        copy = Path(folder) / path.name
        try:
            shutil.copyfile(path, copy)
            return compile_in_child(copy, settings)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ModelError(f"cannot read the model file: {reason}", str(path), "check the path") from error
        except ModelError as error:
            raise ModelError(error.what, error.where.replace(str(copy), str(path)), error.hint) from error
