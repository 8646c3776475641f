# SPDX-License-Identifier: Apache-2.0
"""Compiles small C texts into object files and static libraries."""

from __future__ import annotations

import subprocess
from pathlib import Path

F405 = ("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard")


def compile_object(folder: Path, text: str, *flags: str, name: str = "object.o", arm: bool = True) -> Path:
    """Compile `text` for Arm, or for the host, into ``folder/name``."""
    source = folder / f"{name}.c"
    source.write_text(text)
    compiler = "arm-none-eabi-gcc" if arm else "gcc"
    subprocess.run([compiler, *flags, "-c", source.name, "-o", name], cwd=folder, check=True, timeout=60)
    return folder / name


def create_archive(path: Path, *objects: Path, options: str = "rcD") -> Path:
    """Put object files into the static library `path`."""
    subprocess.run(["arm-none-eabi-ar", options, path.name, *objects], cwd=path.parent, check=True, timeout=60)
    return path
