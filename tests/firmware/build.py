# SPDX-License-Identifier: Apache-2.0
"""Builds the programs of this folder with compiled models: for a part, or with sanitizers for the host."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import tvm_stm32.emulator
from tests.toolchains import C99, HOST, SANITIZERS, Toolchain
from tvm_stm32.codegen.artifacts import source_names
from tvm_stm32.codegen.compiled_model import CompiledModel
from tvm_stm32.codegen.emit import emit
from tvm_stm32.codegen.write import write_artifacts
from tvm_stm32.device.linker_script import render_linker_script
from tvm_stm32.device.part import Part
from tvm_stm32.device.startup import render_startup

PROGRAMS = Path(__file__).parent
EMULATOR = Path(tvm_stm32.emulator.__file__).parent


def build_firmware(
    program: str, models: Sequence[CompiledModel], part: Part, folder: Path, placements: Mapping[str, str] | None = None
) -> Path:
    """An ELF of ``<program>.c`` for `part`; each model is a library of its own, complete with the runtime."""
    compiler = Toolchain(part.name, ("arm-none-eabi-gcc", *part.compiler_flags()))
    flags = [*C99, "-Os", "-ffunction-sections", "-fdata-sections", f"-I{EMULATOR}"]
    _copy_program(program, folder)
    (folder / "link.ld").write_text(render_linker_script(part, heap_size=256, placements=placements))
    (folder / "startup.c").write_text(render_startup(part))
    libraries = []
    for model in models:
        write_artifacts(emit(model), folder)
        sources = source_names(model.settings.name)
        compiler.compile(folder, *flags, "-c", *sources)
        libraries.append(f"lib{model.settings.name}.a")
        objects = [source.replace(".c", ".o") for source in sources]
        subprocess.run(["arm-none-eabi-ar", "rcD", libraries[-1], *objects], cwd=folder, check=True, timeout=60)
    link = ["-nostartfiles", "--specs=nano.specs", "-T", "link.ld", "-Wl,--gc-sections"]
    compiler.compile(folder, *flags, f"{program}.c", "check.c", "startup.c", *libraries, *link, "-o", f"{program}.elf")
    return folder / f"{program}.elf"


def build_host_program(program: str, models: Sequence[CompiledModel], folder: Path) -> Path:
    """``<program>.c`` for the host, under the sanitizers of addresses and of undefined behaviour."""
    _copy_program(program, folder)
    sources = {f"{program}.c", "check.c"}
    for model in models:
        write_artifacts(emit(model), folder)
        sources.update(source_names(model.settings.name))
    HOST.compile(folder, *C99, *SANITIZERS, *sorted(sources), "-lm", "-o", program)
    return folder / program


def _copy_program(program: str, folder: Path) -> None:
    for name in (f"{program}.c", "check.c", "check.h", "tiny_data.h"):
        shutil.copy(PROGRAMS / name, folder)
