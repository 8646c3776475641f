#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compile models, measure them on an emulated Cortex-M, print them beside other engines.

    benchmarks/mlperf_tiny.py [MODEL.tflite ...] [--cpu m4] [--optimize balanced] [--layers] [--json FILE]

Instructions are exact counts of one inference. Cycles are an estimate at zero wait states: from Arm's timing table of
the Cortex-M4, for an m7 from a model of its two issue slots that nobody has validated. Code (with constants), weights
(with biases and requantization) and RAM (with inputs and outputs) are bytes net of an empty harness, stack the most of
one inference. "max diff" is the largest difference from TFLM's outputs, int8 in steps.

Without a model: the networks of MLPerf Tiny, which stand with the measuring harness outside this repository; --bench
names its folder. Other models get inputs and expected outputs from folders in BENCH_DATA (the harness's mkref.py writes
such), or else they are made here with the package tflite-micro.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from harness import CORES, Harness, HarnessError
from model_firmware import Job, measure

HERE = Path(__file__).resolve().parent
MODELS = ("ic_int8", "kws_int8", "vww_int8", "ad_int8", "ic_fp32")
#: column -> (heading, unit)
COLUMNS = {
    "instructions": ("M instr", 1e6),
    "cycles": ("M cycles", 1e6),
    "code": ("code B", 1),
    "weights": ("weights B", 1),
    "ram": ("RAM B", 1),
    "stack": ("stack B", 1),
    "max_diff": ("max diff", 1),
}


def table(rows: Iterable[dict[str, Any]], peers: dict[str, Any]) -> str:
    """Markdown: the rows of each model, in the order they come, and under them its peers on the same cores."""
    lines = ["| model | engine | " + " | ".join(heading for heading, _ in COLUMNS.values()) + " |"]
    lines.append("|---|---|" + "---:|" * len(COLUMNS))
    models: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        models.setdefault(row["model"], []).append(row)
    for model, own in models.items():
        for number, row in enumerate(own):
            name = f"| {model} " if number == 0 else "| "
            lines.append(f"{name}| **tvm_stm32** {row['optimize']}, {row['cpu']} | {_cells(row)} |")
        cores = {row["cpu"] for row in own}
        for peer in peers.get(model, []):
            core = peer.get("cpu", "m4")
            if core in cores:
                lines.append(f"| | {peer['engine']}{'' if core == 'm4' else f', {core}'} | {_cells(peer)} |")
    return "\n".join(lines)


def _cells(row: dict[str, Any]) -> str:
    def cell(column: str, unit: float) -> str:
        value = row.get(column)
        if value is None:
            return ""
        if column == "max_diff":
            return f"{value:.2g}"
        return f"{value / unit:.3f}" if unit > 1 else f"{value:,}"

    return " | ".join(cell(column, unit) for column, (_, unit) in COLUMNS.items())


def layer_table(row: dict[str, Any]) -> str:
    """Markdown: each call of one model."""
    lines = [f"{row['model']}, {row['optimize']}, {row['cpu']}: {row['macs']:,} MACs", ""]
    lines += ["| | variant | shape | MACs | cycles | cycles/MAC | % |", "|---:|---|---|---:|---:|---:|---:|"]
    for number, call in enumerate(row["layers"]):
        rate = f"{call['cycles'] / call['macs']:.2f}" if call["macs"] else ""
        share = 100 * call["cycles"] / row["cycles"]
        cells = f"{call['macs']:,} | {call['cycles']:,} | {rate} | {share:.1f}"
        lines.append(f"| {number} | {call['variant']} | {call['shape']} | {cells} |")
    return "\n".join(lines)


def compile_table(rows: Iterable[dict[str, Any]]) -> str:
    """Markdown: what compiling took, all processes together."""
    lines = ["| model | compiled for | s | MB |", "|---|---|---:|---:|"]
    for row in rows:
        cells = f"{row['seconds']:.1f} | {row['megabytes']:,}"
        lines.append(f"| {row['model']} | {row['optimize']}, {row['cpu']} | {cells} |")
    return "\n".join(lines)


def several(known: Iterable[str]) -> Callable[[str], list[str]]:
    """For argparse: names out of `known`, with commas between them."""
    choices = list(known)

    def names(text: str) -> list[str]:
        given = text.split(",")
        for name in given:
            if name not in choices:
                raise argparse.ArgumentTypeError(f"'{name}' is not one of {', '.join(choices)}")
        return given

    return names


def main() -> None:
    """Measure every model asked for, on every core, for every objective."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path, metavar="MODEL.tflite")
    parser.add_argument("--cpu", type=several(CORES), default=["m4"], metavar="m4[,m7...]", help=", ".join(CORES))
    objectives = ("time", "ram", "balanced")
    parser.add_argument(
        "--optimize", type=several(objectives), default=["balanced"], metavar="X[,Y...]", help=", ".join(objectives)
    )
    parser.add_argument("--bench", type=Path, default=HERE.parent.parent / "shared" / "bench", metavar="FOLDER")
    parser.add_argument("--flags", default="-O2", help="optimisation flags of the C compiler")
    parser.add_argument("--layers", action="store_true", help="a table of each model's layers too")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as a list of objects")
    arguments = parser.parse_args()
    models = arguments.models or [arguments.bench.parent / "models" / f"{name}.tflite" for name in MODELS]
    rows = []
    try:
        with tempfile.TemporaryDirectory() as temporary:
            harness = Harness(arguments.bench, Path(os.environ.get("BENCH_OUT", temporary)))
            for model, cpu, optimize in itertools.product(models, arguments.cpu, arguments.optimize):
                print(f"{model.stem}, {optimize}, {cpu}", file=sys.stderr, flush=True)
                rows.append(measure(Job(model, cpu, optimize, arguments.flags, arguments.layers), harness))
    except HarnessError as error:
        parser.exit(2, f"{parser.prog}: {error}\n")
    tables = [table(rows, json.loads((HERE / "peers.json").read_text())), compile_table(rows)]
    print("\n\n".join([*tables, *(layer_table(row) for row in rows if arguments.layers)]))
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
