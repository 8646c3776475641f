#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compile models, measure them on an emulated Cortex-M, print them beside other engines.

    benchmarks/mlperf_tiny.py [MODEL.tflite ...] [--cpu m4] [--optimize balanced] [--json FILE] [--bench FOLDER]

Instructions are exact counts of one inference; cycles are an estimate from Arm's instruction timing tables at zero wait
states; code, weights and RAM are bytes net of an empty harness, RAM with inputs and outputs. The measuring harness
(``bench.py``) and the models stand outside this repository: --bench names its folder, BENCH_DATA further folders with
inputs and expected outputs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CORES = {"m0": "cortex-m0plus", "m3": "cortex-m3", "m4": "cortex-m4", "m7": "cortex-m7", "m33": "cortex-m33"}
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


def compile_model(model: Path, cpu: str, optimize: str, folder: Path) -> None:
    """Generate the C of `model` under the name "bench"."""
    command = [sys.executable, "-m", "tvm_stm32", "compile", str(model), "--name", "bench"]
    command += ["--cpu", CORES[cpu], "--optimize", optimize, "-o", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def measure(bench: Path, model: Path, cpu: str, optimize: str, flags: str) -> dict[str, Any]:
    """Compile and run one model; the figures as a row of the table."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        compile_model(model, cpu, optimize, folder / "c")
        command = [sys.executable, str(bench / "bench.py"), "--model", model.stem, "--cpu", cpu, f"--opt={flags}"]
        command += [f"--cflags=-I{folder / 'c'}", "--json", str(folder / "result.json")]
        command += [str(folder / "c"), str(HERE / "model_run.c")]
        environment = os.environ | {"BENCH_OUT": os.environ.get("BENCH_OUT", str(folder / "out"))}
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
        result = json.loads((folder / "result.json").read_text())
    return {
        "model": model.stem,
        "cpu": cpu,
        "optimize": optimize,
        "instructions": result["instr"],
        "cycles": round(result["cyc_m7"] if cpu == "m7" else result["cyc_m4"]),
        "ram": result["ram_io"],
        "weights": result["weights"],
        "code": result["text"] + result["rodata"],
        "stack": result["stack"],
        "max_diff": result["maxdiff"],
    }


def table(rows: list[dict[str, Any]], peers: dict[str, Any]) -> str:
    """Markdown, the peers of each model under it."""
    lines = ["| model | engine | " + " | ".join(heading for heading, _ in COLUMNS.values()) + " |"]
    lines.append("|---|---|" + "---:|" * len(COLUMNS))
    for row in rows:
        lines.append(f"| {row['model']} | **tvm_stm32** {row['optimize']}, {row['cpu']} | {_cells(row)} |")
        if row["cpu"] == "m4":
            lines += [f"| | {peer['engine']} | {_cells(peer)} |" for peer in peers.get(row["model"], [])]
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


def main() -> None:
    """Measure every model asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path, metavar="MODEL.tflite")
    parser.add_argument("--cpu", choices=sorted(CORES), default="m4")
    parser.add_argument("--optimize", choices=("time", "ram", "balanced"), default="balanced")
    parser.add_argument("--bench", type=Path, default=HERE.parent.parent / "shared" / "bench", metavar="FOLDER")
    parser.add_argument("--flags", default="-O2", help="optimisation flags of the C compiler")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as a list of objects")
    arguments = parser.parse_args()
    if not (arguments.bench / "bench.py").is_file():
        parser.error(f"{arguments.bench}: no bench.py there; name its folder with --bench")
    models = arguments.models or [arguments.bench.parent / "models" / f"{name}.tflite" for name in MODELS]
    rows = [measure(arguments.bench, model, arguments.cpu, arguments.optimize, arguments.flags) for model in models]
    print(table(rows, json.loads((HERE / "peers.json").read_text())))
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
