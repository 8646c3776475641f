# SPDX-License-Identifier: Apache-2.0
"""List the STM32 parts whose number matches a pattern, with core and memories, and what a model would leave of them.

Without a pattern: the families, and how many parts each has.
"""

from __future__ import annotations

import argparse
import fnmatch
from collections import Counter
from pathlib import Path

from tvm_stm32.device.needs import Need, left, missing, read_needs
from tvm_stm32.device.part import Part, part_numbers, read_parts
from tvm_stm32.errors import SettingsError


def matching_parts(pattern: str) -> list[Part]:
    """The parts whose number contains `pattern`, in order of their numbers; case does not matter.

    In a pattern "*" stands for any text and "?" for one character.

    Raises:
        SettingsError: there is none.
    """
    wanted = f"*{pattern.strip().lower()}*"
    names = tuple(name for name in part_numbers() if fnmatch.fnmatchcase(name, wanted))
    if not names:
        raise SettingsError(f"no STM32 part has a number like '{pattern}'", "parts", "e.g. f405, or 'l4*gt6'")
    return read_parts(names)


def families() -> dict[str, int]:
    """How many parts each family has, as in {"STM32F4": 354}."""
    return dict(sorted(Counter(name[:7].upper() for name in part_numbers()).items()))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``tvm-stm32 parts``."""
    parser.add_argument("pattern", nargs="?", help="part of a part number; * and ? stand for any text, one character")
    parser.add_argument(
        "--fits", type=Path, metavar="MODEL.json", help="the manifest of a compiled model: what would it leave?"
    )


def run(arguments: argparse.Namespace) -> None:
    """Print the table."""
    if arguments.pattern is None and arguments.fits is None:
        for family, count in families().items():
            print(f"{family}  {count:>5} parts")
        return
    needs = read_needs(arguments.fits) if arguments.fits else []
    parts = matching_parts(arguments.pattern or "*")
    print("\n".join(_table(parts, needs)))
    for need in needs:
        if need.external:
            print(f"not counted: {need.symbol}, {need.size:,} bytes at 0x{need.address:08x}, outside of any part")


def _table(parts: list[Part], needs: list[Need]) -> list[str]:
    """One line for each part; with `needs`, what they leave, and what the part has no memory for."""
    headings = ["part", "core", "FPU", "flash", "RAM"]
    headings += ["flash left", "RAM left", "other RAM left"] if needs else ["other RAM"]
    rows = [headings]
    for part in parts:
        sizes = left(part, needs)
        other = [f"{region.name} {_left(sizes[region.name])}" for region in part.other_ram]
        other += [f"no {need.memory or f'memory at 0x{need.address:08x}'}" for need in missing(part, needs)]
        cells = [part.name, part.cpu, part.fpu or "-", f"{part.flash.size:,}", f"{part.ram.size:,}"]
        cells += [_left(sizes["FLASH"]), _left(sizes["RAM"])] if needs else []
        rows.append([*cells, ", ".join(other)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(headings))]
    numbers = range(3, len(headings) - 1)
    return [
        "  ".join(
            cell.rjust(width) if column in numbers else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _left(size: int) -> str:
    return f"{size:,}" if size >= 0 else "too small"
