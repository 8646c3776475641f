# SPDX-License-Identifier: Apache-2.0
"""List the STM32 parts whose number matches a pattern, with core and memories, and what a model would leave of them.

Without a pattern: the families, and how many parts each has.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tvm_stm32.device.part import Part, part_numbers, read_parts
from tvm_stm32.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes that a compiled model takes: constants in flash, activations in RAM. Its code comes on top."""

    flash: int
    ram: int


def matching_parts(pattern: str) -> list[Part]:
    """The parts whose number contains `pattern`, in order of their numbers; case does not matter.

    In a pattern "*" stands for any text and "?" for one character.

    Raises:
        SettingsError: there is none.
    """
    wanted = f"*{pattern.strip().lower()}*"
    names = tuple(name for name in part_numbers() if fnmatch.fnmatchcase(name, wanted))
    if not names:
        raise SettingsError(f"no STM32 part has a number like '{pattern}'", "parts", "e.g. f405, or 'l4*g?t6'")
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
    need = _need(arguments.fits) if arguments.fits else None
    parts = matching_parts(arguments.pattern or "*")
    print("\n".join(_table(parts, need)))


def _need(manifest: Path) -> Need:
    try:
        content = json.loads(manifest.read_text(encoding="utf-8"))
        return Need(content["parameters_size"], sum(pool["size"] for pool in content["pools"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        hint = "it is the .json that `tvm-stm32 compile` writes"
        raise SettingsError("no manifest of a compiled model", str(manifest), hint) from error


def _table(parts: list[Part], need: Need | None) -> list[str]:
    headings = ["part", "core", "FPU", "flash", "RAM", *(["flash left", "RAM left"] if need else []), "other RAM"]
    rows = [headings]
    for part in parts:
        other = ", ".join(f"{region.name} {region.size:,}" for region in part.other_ram)
        cells = [part.name, part.cpu, part.fpu or "-", f"{part.flash.size:,}", f"{part.ram.size:,}"]
        if need:
            cells += [_left(part.flash.size - need.flash), _left(part.ram.size - need.ram)]
        rows.append([*cells, other])
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
