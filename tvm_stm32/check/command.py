# SPDX-License-Identifier: Apache-2.0
"""Compile a model, run its C on this machine, and compare the outputs with those of the model's original interpreter.

Exits 1 where they are further apart than asked for. Needs a C compiler for this machine, and the extra ``validate``, or
``torch`` for PyTorch.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import msgspec

from tvm_stm32.check.compare import Difference, compare, random_inputs
from tvm_stm32.check.host import HostModel
from tvm_stm32.check.reference import reference_of
from tvm_stm32.codegen.child import compile_in_child
from tvm_stm32.codegen.compiled_model import Settings
from tvm_stm32.codegen.emit import emit
from tvm_stm32.codegen.write import write_artifacts
from tvm_stm32.device.core import find_core
from tvm_stm32.errors import SettingsError

_NAME = "model"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``tvm-stm32 validate``."""
    parser.add_argument("model", type=Path, metavar="MODEL", help="a .tflite, .onnx or .pt2 file")
    parser.add_argument("--cpu", default="cortex-m4", help="core whose kernels are chosen; default: %(default)s")
    parser.add_argument("--optimize", choices=("time", "ram", "balanced"), default="balanced")
    parser.add_argument("--samples", type=int, default=20, metavar="N", help="random inputs; default: %(default)s")
    parser.add_argument("--seed", type=int, default=1, help="of the random inputs; default: %(default)s")
    parser.add_argument("--steps", type=int, help="how far integers may be apart; default: 0, of ONNX and PyTorch 1")
    parser.add_argument(
        "--tolerance",
        type=float,
        default=1e-5,
        help="how far floats may be apart, as a share of the largest; default: %(default)s",
    )
    parser.add_argument("--json", action="store_true", help="print the differences as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Compare, print a line for each output, and return 0 where all are near enough, else 1."""
    if arguments.samples < 1:
        raise SettingsError(f"{arguments.samples} samples", "--samples", "compare at least one")
    settings = Settings(_NAME, arguments.optimize, find_core(arguments.cpu).cpu, "", "any", "arena", "arena")
    compiled = compile_in_child(arguments.model, settings)
    reference = reference_of(arguments.model)
    with tempfile.TemporaryDirectory(prefix="tvm_stm32_") as folder:
        write_artifacts(emit(compiled), Path(folder))
        model = HostModel.load(Path(folder), _NAME)
    runs = random_inputs(model, arguments.samples, arguments.seed)
    differences = compare(model, reference, runs)
    steps = arguments.steps if arguments.steps is not None else int(not compiled.description.startswith("TFLite"))
    good = all(difference.within(steps, arguments.tolerance) for difference in differences)
    if arguments.json:
        document = {"reference": reference.name, "samples": len(runs), "good": good, "outputs": differences}
        print(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
    else:
        print(f"{arguments.model.name} beside {reference.name}, {len(runs)} random inputs")
        print("\n".join(_line(difference, steps, arguments.tolerance) for difference in differences))
    return 0 if good else 1


def _line(difference: Difference, steps: int, tolerance: float) -> str:
    unit = "" if difference.dtype.startswith("float") else " steps"
    return (
        f"  {'ok ' if difference.within(steps, tolerance) else 'NOT'} {difference.output} ({difference.dtype}):"
        f" {difference.differing:,} of {difference.values:,} values differ,"
        f" by {difference.largest:.3g}{unit} at most ({difference.relative:.2g} of the largest value),"
        f" RMSE {difference.rmse:.3g}"
    )
