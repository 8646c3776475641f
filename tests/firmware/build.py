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
from tvm_stm32.codegen.compiled_model import CompiledModel
from tvm_stm32.codegen.write import write_artifacts
from tvm_stm32.device.linker_script import render_linker_script
from tvm_stm32.device.part import Part
from tvm_stm32.device.startup import render_startup

PROGRAMS = Path(__file__).parent
EMULATOR = Path(tvm_stm32.emulator.__file__).parent


def build_firmware(
    program: str,
    models: Sequence[CompiledModel],
    part: Part,
    folder: Path,
    placements: Mapping[str, str] | None = None,
    programs: Path = PROGRAMS,
) -> Path:
    """An ELF of ``<program>.c`` for `part`; each model is a library of its own, complete with the runtime."""
    compiler = Toolchain(part.name, ("arm-none-eabi-gcc", *part.compiler_flags()))
    flags = [*C99, "-Os", "-ffunction-sections", "-fdata-sections", f"-I{EMULATOR}"]
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
    sources = [*_copy_program(programs / f"{program}.c", folder), "startup.c"]
    elf = f"{program}.elf"
    compiler.compile(folder, *flags, *_includes(models), *sources, *libraries, *link, "-o", elf)
    return folder / elf


def build_host_program(program: str, models: Sequence[CompiledModel], folder: Path, programs: Path = PROGRAMS) -> Path:
    """``<program>.c`` for the host, under the sanitizers of addresses and of undefined behaviour."""
    sources = set(_copy_program(programs / f"{program}.c", folder))
    for model in models:
        sources.update(_write(model, folder))
    HOST.compile(folder, *C99, *SANITIZERS, *_includes(models), *sorted(sources), "-lm", "-o", program)
    return folder / program


def _interface(model: CompiledModel) -> Interface:
    return Interface(model.settings.api, model.settings.observer)


def _write(model: CompiledModel, folder: Path) -> list[str]:
    """Write the files of `model`; returns the sources among them."""
    write_artifacts(emit_library(model), folder)
    return _interface(model).source_names(model.settings.name)


def _includes(models: Sequence[CompiledModel]) -> list[str]:
    """Options that find the headers of all models."""
    folders = dict.fromkeys(folder for model in models for folder in _interface(model).include_folders())
    return [f"-I{folder}" for folder in folders]


def _copy_program(program: Path, folder: Path) -> list[str]:
    """Copy a program and what it shares with others into a folder of its own; returns its sources.

    Beside the generated files the application would find their headers first, whatever include folders say.
    """
    (folder / "application").mkdir(exist_ok=True)
    shared = ("check.c", "check.h", *(("tiny_data.h",) if program.parent == PROGRAMS else ()))
    for file in (program, *(PROGRAMS / name for name in shared)):
        shutil.copy(file, folder / "application")
    return [f"application/{program.name}", "application/check.c"]
