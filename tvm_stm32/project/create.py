# SPDX-License-Identifier: Apache-2.0
"""A new project in an empty folder: firmware that builds and runs at once, with its model beside it."""

from __future__ import annotations

import re
from pathlib import Path

from tvm_stm32.codegen.child import compile_in_child
from tvm_stm32.codegen.compiled_model import CompiledModel, Settings
from tvm_stm32.codegen.naming import check_name
from tvm_stm32.codegen.write import write_artifacts
from tvm_stm32.device.capacity import check_beside_stack, check_capacity
from tvm_stm32.device.part import find_part
from tvm_stm32.errors import SettingsError
from tvm_stm32.project.contents import project_files
from tvm_stm32.project.model_file import whole_model

#: names that mean something else in a project: its programs and headers, and targets that CMake makes by itself
_TAKEN = frozenset(
    """
    app app_emulated console host_driven host_driven_emulated run semihosting
    all clean depend edit_cache help install package rebuild_cache test
    """.split()
)


def new_project(
    directory: Path, model: Path, part_number: str, name: str | None = None, optimize: str = "balanced"
) -> CompiledModel:
    """Write a project for the model file `model` into `directory`, which is made if need be.

    Args:
        directory: a folder that is empty or not there yet.
        model: the model file; the project gets a copy.
        part_number: as `find_part` takes it.
        name: the model's name in C; None: from the model's file name.
        optimize: "time", "ram" or "balanced".

    Returns:
        The model as it was compiled to see whether it fits.

    Raises:
        SettingsError: the folder is not empty or cannot be written, the name cannot be a prefix in C, or there is no
            such part.
        ModelError: the model cannot be read or compiled.
        CapacityError: the part's memory does not do for it.
    """
    check_empty(directory)
    name = name or _name_of(model)
    check_name(name)
    if name in _TAKEN:
        raise SettingsError(f"{name!r} means something else in a project", "--name", "choose another, such as kws")
    part = find_part(part_number)
    settings = Settings(name, optimize, part.cpu, part.name, part.float_abi, inputs="arena", outputs="arena")
    compiled = compile_in_child(model, settings)
    check_capacity(part, compiled.parameters_size, compiled.activations_size, model.name)
    check_beside_stack(part, compiled.activations_size, model.name)
    kept = f"models/{name}{model.suffix.lower()}"
    files = project_files(name, part, optimize, kept) | {kept: whole_model(model)}
    write_artifacts(files, directory)
    return compiled


def check_empty(directory: Path) -> None:
    """Refuse a folder in which something of somebody's might be overwritten.

    Raises:
        SettingsError: `directory` is a file, or a folder with anything in it.
    """
    hint = "name a new folder"
    if directory.exists() and not directory.is_dir():
        raise SettingsError("this is a file", str(directory), hint)
    if directory.is_dir() and any(directory.iterdir()):
        raise SettingsError("this folder is not empty", str(directory), hint)


def _name_of(model: Path) -> str:
    """A name in C from the model's file name: "Wake-Word v2.tflite" is "wake_word_v2"."""
    return re.sub(r"\W+", "_", model.stem, flags=re.ASCII).strip("_").lower()
