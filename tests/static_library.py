# SPDX-License-Identifier: Apache-2.0
"""Compiles C into object files and static libraries."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tvm_stm32.codegen.artifacts import source_names

F405 = ("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard")


def compile_object(folder: Path, text: str, *flags: str, name: str = "object.o", arm: bool = True) -> Path:
    """Compile `text` for Arm, or for the host, into ``folder/name``."""
    source = folder / f"{name}.c"
    source.write_text(text)
    compiler = "arm-none-eabi-gcc" if arm else "gcc"
    subprocess.run([compiler, *flags, "-c", source.name, "-o", name], cwd=folder, check=True, timeout=60)
    return folder / name


def create_archive(path: Path, *objects: Path, options: str = "rcD", arm: bool = True) -> Path:
    """Put object files into the static library `path`."""
    archiver = "arm-none-eabi-ar" if arm else "ar"
    path.unlink(missing_ok=True)
    subprocess.run([archiver, options, path.name, *objects], cwd=path.parent, check=True, timeout=60)
    return path


def build_library(sources: Path, name: str, folder: Path, *flags: str, arm: bool = True, pools: bool = False) -> Path:
    """Compile the model `name` in `sources`, maybe one in memory pools, into the library ``folder/lib<name>.a``."""
    folder.mkdir(parents=True, exist_ok=True)
    compiler = "arm-none-eabi-gcc" if arm else "gcc"
    files = [sources / source for source in source_names(name, pools=pools)]
    command = [compiler, *flags, "-std=c99", "-O2", "-ffunction-sections", "-fdata-sections", "-c", *files]
    subprocess.run(command, cwd=folder, check=True, timeout=120)
    return create_archive(folder / f"lib{name}.a", *(folder / f"{file.stem}.o" for file in files), arm=arm)
