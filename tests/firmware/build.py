# SPDX-License-Identifier: Apache-2.0
"""Builds programs, of this folder or another, with compiled models: for a part, or with sanitizers for the host."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import tvm_stm32.emulator
from tests.toolchains import C99, HOST, SANITIZERS, Toolchain
from tvm_stm32.api.emit import emit_library
from tvm_stm32.api.interface import Interface
from tvm_stm32.codegen.artifacts import linker_fragment
from tvm_stm32.codegen.compiled_model import CompiledModel
from tvm_stm32.codegen.write import write_artifacts
from tvm_stm32.device.linker_script import render_linker_script
from tvm_stm32.device.part import Part
from tvm_stm32.device.startup import render_startup

PROGRAMS = Path(__file__).parent
#: as firmware without a heap is compiled
CXX17 = ["-std=c++17", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics"]
EMULATOR = Path(tvm_stm32.emulator.__file__).parent


def build_firmware(
    program: str,
    models: Sequence[CompiledModel],
    part: Part,
    folder: Path,
    placements: Mapping[str, str] | None = None,
    programs: Path = PROGRAMS,
    defines: Sequence[str] = (),
    group: str = "",
    others: Sequence[str] = (),
) -> Path:
    """An ELF of ``<program>.c`` or ``.cc`` for `part`; each model is a library of its own, with the runtime.

    The files of a `group` of the models are in `folder`, and so are C files that are `others`.
    """
    compiler = Toolchain(part.name, ("arm-none-eabi-gcc", *part.compiler_flags()))
    flags = [*C99, "-Os", "-ffunction-sections", "-fdata-sections", f"-I{EMULATOR}"]
    flags += [f"-D{define}" for define in defines]
    (folder / "link.ld").write_text(render_linker_script(part, heap_size=256, placements=placements))
    (folder / "startup.c").write_text(render_startup(part))
    libraries = []
    for model in models:
        sources = _write(model, folder)
        compiler.compile(folder, *flags, "-c", *sources)
        libraries.append(f"lib{model.settings.name}.a")
        objects = [f"{Path(source).stem}.o" for source in sources]
        subprocess.run(["arm-none-eabi-ar", "rcD", libraries[-1], *objects], cwd=folder, check=True, timeout=60)
    kept = [symbol for model in models for symbol in _interface(model).kept_symbols(model.settings.name)]
    link = ["-nostartfiles", "--specs=nano.specs", "-T", "link.ld", "-Wl,--gc-sections"]
    link += [f"-Wl,-u,{symbol}" for symbol in kept]
    placed = [group] if group else [model.settings.name for model in models if model.pools]
    link += [f"-Wl,-T,{linker_fragment(name)}" for name in placed]
    sources = [*_program(program, programs, compiler, [*flags, *_includes(models)], folder), "startup.c"]
    sources += [f"{group}.c"] if group else []
    sources += others
    elf = f"{program}.elf"
    compiler.compile(folder, *flags, *_includes(models), *sources, *libraries, *link, "-lstdc++", "-o", elf)
    return folder / elf


def build_host_program(program: str, models: Sequence[CompiledModel], folder: Path, programs: Path = PROGRAMS) -> Path:
    """``<program>.c`` or ``.cc`` for the host, under the sanitizers of addresses and of undefined behaviour."""
    sources = {source for model in models for source in _write(model, folder)}
    flags = [*C99, *SANITIZERS, *_includes(models)]
    sources.update(_program(program, programs, HOST, flags, folder))
    HOST.compile(folder, *flags, *sorted(sources), "-lm", "-lstdc++", "-o", program)
    return folder / program


def _interface(model: CompiledModel) -> Interface:
    return Interface(model.settings.api, model.settings.observer, model.settings.accelerator, bool(model.pools))


def _write(model: CompiledModel, folder: Path) -> list[str]:
    """Write the files of `model`; returns the sources among them."""
    write_artifacts(emit_library(model), folder)
    return _interface(model).source_names(model.settings.name)


def _includes(models: Sequence[CompiledModel]) -> list[str]:
    """Options that find the headers of all models."""
    folders = dict.fromkeys(folder for model in models for folder in _interface(model).include_folders())
    return [f"-I{folder}" for folder in folders]


def _program(program: str, programs: Path, compiler: Toolchain, flags: Sequence[str], folder: Path) -> list[str]:
    """Copy a program into `folder`; returns what is to be linked: its sources, of one in C++ the object."""
    cxx = programs / f"{program}.cc"
    if not cxx.is_file():
        return _copy_program(programs / f"{program}.c", folder)
    main, *others = _copy_program(cxx, folder)
    command = (compiler.command[0].replace("gcc", "g++"), *compiler.command[1:])
    flags = [flag for flag in flags if flag != "-std=c99"]
    Toolchain("c++", command).compile(folder, *CXX17, *flags, "-c", main, "-o", f"{program}_main.o")
    return [f"{program}_main.o", *others]


def _copy_program(program: Path, folder: Path) -> list[str]:
    """Copy a program and what it shares with others into a folder of its own; returns its sources.

    Beside the generated files the application would find their headers first, whatever include folders say.
    """
    (folder / "application").mkdir(exist_ok=True)
    for file in (program, *program.parent.glob("*.h"), PROGRAMS / "check.c", PROGRAMS / "check.h"):
        shutil.copy(file, folder / "application")
    return [f"application/{program.name}", "application/check.c"]
