# SPDX-License-Identifier: Apache-2.0
"""Write what firmware for a part starts from: link.ld, its linker script, and startup.c, which runs before main."""

from __future__ import annotations

import argparse
from pathlib import Path

from tvm_stm32.codegen.write import write_artifacts
from tvm_stm32.device.linker_script import render_linker_script
from tvm_stm32.device.part import find_part
from tvm_stm32.device.startup import render_startup
from tvm_stm32.errors import SettingsError

#: The files written.
LINKER_SCRIPT, STARTUP = "link.ld", "startup.c"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``tvm-stm32 startup``."""
    parser.add_argument("--part", required=True, help="STM32 part number, such as STM32F405RGT6")
    parser.add_argument("--stack", type=_bytes, help="bytes for the stack; default: a quarter of the RAM, at most 4096")
    parser.add_argument("--heap", type=_bytes, default=0, help="bytes to leave for the heap at least; default: 0")
    parser.add_argument(
        "--place",
        action="append",
        default=[],
        metavar="ARRAY=MEMORY",
        help="put a zero-initialised array into a memory of the part other than RAM, as kws_activations=CCM",
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder to write to")


def run(arguments: argparse.Namespace) -> None:
    """Write both files; one that has the right content already keeps its time stamp."""
    part = find_part(arguments.part)
    placements = {}
    for placement in arguments.place:
        array, equals, region = placement.partition("=")
        if not (array.isidentifier() and equals and region):
            raise SettingsError(f"'{placement}' is not ARRAY=MEMORY", "--place", "e.g. kws_activations=CCM")
        placements[array] = region
    script = render_linker_script(part, arguments.stack, arguments.heap, placements)
    write_artifacts({LINKER_SCRIPT: script.encode(), STARTUP: render_startup(part).encode()}, arguments.output)


def _bytes(text: str) -> int:
    """A number of bytes, decimal or 0x..., for argparse."""
    return int(text, 0)
