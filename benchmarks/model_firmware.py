# SPDX-License-Identifier: Apache-2.0
"""One model compiled, run on an emulated core beside its reference, and counted, whole and call by call."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from harness import CORES, Harness, HarnessError, cycles
from process_tree import Cost, run
from reference_run import run_reference, sample_inputs

HERE = Path(__file__).resolve().parent
#: what the harness has room for: the inputs of all runs
MOST_INPUT = 2_000_000


@dataclass(frozen=True)
class Job:
    """What to measure, and how; `flags` are the C compiler's."""

    model: Path
    cpu: str
    optimize: str
    flags: str = "-O2"
    layers: bool = False


def measure(job: Job, harness: Harness) -> dict[str, Any]:
    """The figures of one job: the columns of the table, "seconds" and "megabytes" of compiling, and maybe "layers".

    Raises:
        HarnessError: the model is refused, or the firmware does not build or run.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        source = folder / "c"
        cost = compile_model(job, source)
        manifest = json.loads((source / "bench.json").read_text())
        data = stored_data(job.model, harness.folder) or write_data(job.model, folder, manifest["macs"])
        sources = [source, HERE / "model_run.c"]
        result = harness.measure(job.optimize, job.model.stem, data, job.cpu, job.flags, source, sources)
        figures = result.figures
        row = {
            "model": job.model.stem,
            "cpu": job.cpu,
            "optimize": job.optimize,
            "instructions": figures["instr"],
            "cycles": cycles(figures, job.cpu),
            "ram": figures["ram_io"],
            "weights": figures["weights"],
            "code": figures["text"] + figures["rodata"],
            "stack": figures["stack"],
            "max_diff": figures["maxdiff"],
            "macs": manifest["macs"],
            "seconds": round(cost.seconds, 1),
            "megabytes": round(cost.megabytes),
        }
        if job.layers:
            row["layers"] = list(count_calls(manifest, harness, result.elf, job.cpu))
        return row


def compile_model(job: Job, folder: Path) -> Cost:
    """Generate the C of the model under the name "bench"."""
    command = [sys.executable, "-m", "tvm_stm32", "compile", str(job.model), "--name", "bench"]
    command += ["--cpu", CORES[job.cpu], "--optimize", job.optimize, "-o", str(folder)]
    try:
        return run(command)
    except subprocess.CalledProcessError as error:
        raise HarnessError(error.stderr.strip()) from error


def stored_data(model: Path, bench: Path) -> Path | None:
    """The folder that has inputs and expected outputs for `model`: in BENCH_DATA by name, else the harness's own for
    the models that stand beside it."""
    folders = [Path(path) for path in os.environ.get("BENCH_DATA", "").split(os.pathsep) if path]
    if model.resolve().parent == (bench.parent / "models").resolve():
        folders.append(bench)
    return next((folder for folder in folders if (folder / "specs" / f"{model.stem}.json").is_file()), None)


def write_data(model: Path, folder: Path, macs: int) -> Path:
    """Make inputs and the reference's outputs, where the harness looks for them; answers with `folder`."""
    content = model.read_bytes()
    sets = sample_inputs(content)
    sets = sets[: max(1, MOST_INPUT // sum(array.nbytes for array in sets[0]))]
    results = [run_reference(content, inputs) for inputs in sets]
    is_float = all(array.dtype == np.float32 for array in results[0])
    for name in ("specs", "data"):
        (folder / name).mkdir()
    inputs, outputs = ([b"".join(array.tobytes() for array in one) for one in many] for many in (sets, results))
    (folder / "data" / f"{model.stem}_in.bin").write_bytes(b"".join(inputs))
    expected = np.frombuffer(b"".join(outputs), np.float32 if is_float else np.int8)
    np.save(folder / "data" / f"{model.stem}_out.npy", expected.reshape(len(sets), -1))
    specification = {"name": model.stem, "macs": max(1, macs), "dtype": "f32" if is_float else "i8"}
    specification |= {"in_bytes": len(inputs[0]), "out_bytes": len(outputs[0])}
    (folder / "specs" / f"{model.stem}.json").write_text(json.dumps(specification))
    return folder


def count_calls(manifest: dict[str, Any], harness: Harness, elf: Path, cpu: str) -> Iterator[dict[str, Any]]:
    """Each call of a run with its cycles: from the entry of its kernel to that of the next one.

    Calls of one kernel in a row share their cycles equally. The last call's include what follows it in the run.
    """
    shapes = {kernel["name"]: kernel["comment"].splitlines()[0].partition(": ")[2] for kernel in manifest["kernels"]}
    runs = [list(group) for _, group in groupby(manifest["calls"], key=lambda call: call["kernel"])]
    for position, group in enumerate(runs):
        kernel = group[0]["kernel"]
        before = sum(len(other) for other in runs[:position] if other[0]["kernel"] == kernel)
        end = runs[position + 1][0]["kernel"] if position + 1 < len(runs) else "bench_stop"
        counted = harness.interval(elf, cpu, kernel, end, before)
        for call in group:
            yield {
                "layer": call["layer"],
                "operator": call["operator"],
                "variant": call["variant"],
                "kernel": kernel,
                "shape": shapes[kernel],
                "macs": call["macs"],
                "instructions": counted.instructions // len(group),
                "cycles": counted.cycles // len(group),
            }
