# SPDX-License-Identifier: Apache-2.0
"""A new project in an empty folder: firmware that builds and runs at once, with its model beside it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from msgspec.structs import replace

from tvm_stm32.codegen.child import compile_in_child
from tvm_stm32.codegen.compiled_model import CompiledModel, Settings
from tvm_stm32.codegen.naming import check_name
from tvm_stm32.codegen.write import write_artifacts
from tvm_stm32.device.capacity import check_beside_stack, check_capacity
from tvm_stm32.device.part import find_part
from tvm_stm32.errors import SettingsError
from tvm_stm32.model.model_file import read_model_file, whole_model
from tvm_stm32.package.library_format.archive import API, library_archive
from tvm_stm32.project.additions import Additions
from tvm_stm32.project.boards import boards_for
from tvm_stm32.project.contents import project_files
from tvm_stm32.project.description import ARCHIVE
from tvm_stm32.project.pooled import check_pools_beside_stack, kept_name, project_pools

#: names that mean something else in a project: its programs and headers, and targets that CMake makes by itself
_TAKEN = frozenset(
    """
    app app_emulated console host_driven host_driven_emulated run semihosting
    all clean depend edit_cache help install package rebuild_cache test
    """.split()
)


def new_project(
    directory: Path,
    model: Path,
    part_number: str | None = None,
    name: str | None = None,
    optimize: str | None = None,
    memory_pools: str = "",
    additions: Additions | None = None,
) -> CompiledModel:
    """Write a project for the model file `model` into `directory`, which is made if need be.

    Args:
        directory: a folder that is empty or not there yet.
        model: the model file, or a Model Library Format archive with one; the project gets a copy of both.
        part_number: as `find_part` takes it; None: the archive's.
        name: the model's name in C; None: from the model's file name, or the archive's.
        optimize: "time", "ram" or "balanced"; None: the archive's, or "balanced".
        memory_pools: where activations and weights may lie: "part", a file of pools, of which the project gets a copy,
            or "" for one arena.
        additions: what it is given beside the model.

    Returns:
        The model as it was compiled to see whether it fits.

    Raises:
        SettingsError: the folder is not empty or cannot be written, the name cannot be a prefix in C, no part is named
            or there is none such, pools are wrong or of a kind that a project has not, or an added file would take the
            place of one that every project has.
        ModelError: the model cannot be read, compiled, or written as an archive.
        CapacityError: the part's memory does not do for it.
    """
    check_empty(directory)
    file = read_model_file(model)
    name = name or file.name
    check_name(name)
    if name in _TAKEN:
        raise SettingsError(f"{name!r} means something else in a project", "--name", "choose another, such as kws")
    archived = file.settings
    part_number = part_number or (archived.part if archived else "")
    if not part_number:
        raise SettingsError("for which part?", "--part", "such as --part STM32F405RGT6")
    optimize = optimize or (archived.optimize if archived else "balanced")
    part = find_part(part_number)
    pools, kept_pools = project_pools(memory_pools, part), kept_name(memory_pools, name)
    kept = f"models/{name}{file.suffix}"
    files = project_files(name, part, optimize, kept, boards_for(part, pools), kept_pools, additions)
    if pools and kept_pools != memory_pools:
        files[kept_pools] = Path(memory_pools).read_bytes()
    added = _added({*files, kept, ARCHIVE}, additions)
    settings = Settings(name, optimize, part.cpu, part.name, part.float_abi, "arena", "arena", pools=pools)
    compiled = compile_in_child(model, settings if pools else replace(settings, api=(API,)))
    if pools:
        check_pools_beside_stack(part, compiled, model.name)
    else:
        check_capacity(part, compiled.parameters_size, compiled.activations_size, model.name)
        check_beside_stack(part, compiled.activations_size, model.name)
    files[kept] = file.content if file.archive else whole_model(file.content, model.parent)
    files[ARCHIVE] = file.archive or _archive(model, kept, files[kept], compiled)
    write_artifacts({**files, **added}, directory)
    return compiled


def _archive(model: Path, kept: str, content: bytes, compiled: CompiledModel) -> bytes:
    """The project's model as an archive, whose interface knows one piece of memory."""
    if compiled.pools:
        compiled = compile_in_child(model, replace(compiled.settings, api=(API,), pools=()))
    return library_archive(replace(compiled, source=Path(kept).name), content)


def _added(own: Collection[str], additions: Additions | None) -> Mapping[str, bytes]:
    """The files of `additions`, none of which is a file of the project's own or in what is built."""
    files = additions.files if additions else {}
    for file in files:
        if file in own or file.startswith("build/"):
            raise SettingsError(f"the project has {file} itself", "extra files", "call yours otherwise")
    return files


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
