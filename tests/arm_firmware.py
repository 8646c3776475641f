# SPDX-License-Identifier: Apache-2.0
"""Compile and link small programs for a part, as the tests of device, emulator and report need them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tvm_stm32.device.linker_script import render_linker_script
from tvm_stm32.device.part import Part
from tvm_stm32.device.startup import render_startup

GCC = "arm-none-eabi-gcc"
WARNINGS = "-std=c99 -Wall -Wextra -Wconversion -Wshadow -Wundef -Wcast-align -pedantic -Werror".split()
EMULATOR_FOLDER = Path(__file__).parents[1] / "tvm_stm32" / "emulator"


def link(
    part: Part,
    source: str,
    folder: Path,
    placements: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
) -> Path:
    """Link `source` (C99) with the start-up and the linker script of `part`; warnings of compiler and linker fail."""
    (folder / "link.ld").write_text(render_linker_script(part, placements=placements))
    (folder / "startup.c").write_text(render_startup(part))
    (folder / "main.c").write_text(source)
    elf = folder / "firmware.elf"
    command = [GCC, *part.compiler_flags(), *WARNINGS, "-O1", "-ffunction-sections", "-fdata-sections"]
    command += [f"-I{EMULATOR_FOLDER}", "main.c", "startup.c", "-nostartfiles", "--specs=nano.specs"]
    command += ["-Wl,--gc-sections,--fatal-warnings", "-T", "link.ld", *options, "-o", str(elf)]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if result.returncode:
        raise LinkError(result.stderr)
    return elf


class LinkError(Exception):
    """The compiler or linker refused; the text is what it said."""
