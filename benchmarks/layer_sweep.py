#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compile, check and measure two hundred layer shapes, which nobody tuned for, one by one on an emulated Cortex-M.

    benchmarks/layer_sweep.py [--cpu m4] [--optimize balanced] [--family 3x3] [--json FILE] [--bench FOLDER]

Cycles are of one call with everything around it. The worst layers are those whose cycles are the greatest multiple of
their yardstick: what a good kernel with DSP instructions would take for the products, the outputs and the inputs.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median

from harness import CORES, HarnessError
from layer_firmware import Figures, batches, measure
from layer_shapes import FAMILIES, layers

HERE = Path(__file__).resolve().parent


def summary(figures: Sequence[Figures], key: str) -> str:
    """Markdown: for each family or variant how many layers, cycles per MAC, and the multiple of the yardstick."""
    groups = defaultdict(list)
    for item in figures:
        groups[item.layer.family if key == "family" else item.variant].append(item)
    heading = "median cycles/MAC | least | most | median of yardstick | most | differ"
    lines = [f"| {key} | layers | {heading} |", "|---|" + "---:|" * 7]
    for name, members in sorted(groups.items()) if key != "family" else groups.items():
        rates, ratios = [item.per_mac for item in members], [item.ratio for item in members]
        cells = [median(rates), min(rates), max(rates), median(ratios), max(ratios)]
        differ = sum(item.different > 0 for item in members)
        lines.append(f"| {name} | {len(members)} | " + " | ".join(f"{cell:.2f}" for cell in cells) + f" | {differ} |")
    return "\n".join(lines)


def worst(figures: Sequence[Figures], count: int) -> str:
    """Markdown: the `count` layers that take the greatest multiples of their yardsticks."""
    lines = ["| layer | variant | MACs | cycles | cycles/MAC | of yardstick |", "|---|---|---:|---:|---:|---:|"]
    for item in sorted(figures, key=lambda item: -item.ratio)[:count]:
        cells = f"{item.layer.macs:,} | {item.cycles:,} | {item.per_mac:.2f} | {item.ratio:.2f}"
        lines.append(f"| {item.layer.number}: {item.layer.describe()} | {item.variant} | {cells} |")
    return "\n".join(lines)


def sweep(arguments: argparse.Namespace) -> list[Figures]:
    """The figures of all layers asked for."""
    chosen = [layer for layer in layers() if not arguments.family or layer.family in arguments.family]
    chosen = chosen[:: arguments.every]
    groups = batches(chosen, arguments.batch)
    found: list[Figures] = []
    with tempfile.TemporaryDirectory() as out, ProcessPoolExecutor(arguments.jobs) as pool:
        rest = (arguments.cpu, arguments.optimize, arguments.flags, arguments.bench, Path(out))
        for done in pool.map(measure, groups, *([value] * len(groups) for value in rest)):
            found += done
            print(f"{len(found)} of {len(chosen)} layers", file=sys.stderr, flush=True)
    return sorted(found, key=lambda item: item.layer.number)


def main() -> None:
    """Measure, print, and fail if any layer differs from the reference."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cpu", choices=sorted(CORES), default="m4")
    parser.add_argument("--optimize", choices=("time", "ram", "balanced"), default="balanced")
    parser.add_argument(
        "--family", choices=tuple(FAMILIES), action="append", help="only these; may be given repeatedly"
    )
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each Nth layer")
    parser.add_argument("--bench", type=Path, default=HERE.parent.parent / "shared" / "bench", metavar="FOLDER")
    parser.add_argument("--flags", default="-O2", help="optimisation flags of the C compiler")
    parser.add_argument("--worst", type=int, default=25, metavar="N", help="name so many layers")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes at a time")
    parser.add_argument("--batch", type=int, default=20, metavar="N", help="layers in one firmware")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as a list of objects")
    arguments = parser.parse_args()
    try:
        found = sweep(arguments)
    except HarnessError as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    print(summary(found, "family"), summary(found, "variant"), worst(found, arguments.worst), sep="\n\n")
    if arguments.json:
        arguments.json.write_text(json.dumps([item.row() for item in found], indent=1) + "\n")
    wrong = [item for item in found if item.max_diff > (1e-5 if item.layer.dtype == "float32" else 0)]
    for item in wrong:
        print(f"differs from the reference: {item.layer.describe()}: {item.different} values by up to {item.max_diff}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
