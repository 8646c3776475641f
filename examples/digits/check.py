# SPDX-License-Identifier: Apache-2.0
"""Compare what the firmware printed with onnxruntime and, for int8, with the network's definition in integers.

    check.py MODEL.onnx OUTPUT ELF PART

Prints accuracy, instructions per inference and the use of flash and RAM. Exits 1 unless every class is onnxruntime's,
every byte of an int8 network's output is the integer reference's, and that is at most one step from onnxruntime's; a
float network's output is to be within 1e-5 of it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import dataset
import numpy as np
import numpy.typing as npt
import onnxruntime
import reference

from tvm_stm32.device.part import Part, find_part
from tvm_stm32.report.size import read_sizes, size_table

FLOAT_TOLERANCE = 1e-5
#: the scale of the int8 network's output
STEP = 1 / 255

Floats = npt.NDArray[np.float32]


def onnxruntime_outputs(model: Path, images: Floats) -> Floats:
    """What onnxruntime computes, operator by operator as the file has them: float32 [images, 10]."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model, options)
    return np.concatenate([session.run(None, {"image": image[np.newaxis]})[0] for image in images])


def read_output(path: Path) -> tuple[npt.NDArray[np.int64], Floats, str]:
    """The classes [images], the outputs [images, 10] and the line of instruction counts that the run left."""
    lines = path.read_text().splitlines()
    counts = lines.pop()
    pairs = [line.split() for line in lines]
    outputs = np.frombuffer(bytes.fromhex("".join(hexadecimal for _, hexadecimal in pairs)), "<f4")
    return np.array([int(digit) for digit, _ in pairs]), outputs.reshape(len(pairs), -1), counts


def judge_classes(classes: npt.NDArray[np.int64], expected: Floats) -> list[str]:
    """Every class must be onnxruntime's."""
    wrong = int(np.sum(classes != expected.argmax(axis=1)))
    print(f"  classes        {len(classes) - wrong} of {len(classes)} are onnxruntime's")
    return [f"{wrong} classes are not onnxruntime's"] if wrong else []


def judge_int8(outputs: Floats, integer: Floats, expected: Floats) -> list[str]:
    """Every byte must be the integer reference's, and that at most a step from onnxruntime's."""
    other = int(np.sum(outputs.view(np.uint8) != integer.view(np.uint8)))
    print(f"  output bytes   {outputs.nbytes - other} of {outputs.nbytes} are the integer reference's")
    steps = np.rint(np.abs(outputs - expected) / STEP)
    differing = int(np.sum(steps > 0))
    print(
        f"  output values  {outputs.size - differing} of {outputs.size} are onnxruntime's, {differing} differ", end=""
    )
    print(f" by at most {steps.max():.0f} steps" if differing else "")
    found = [f"{other} bytes are not the integer reference's"] if other else []
    return [*found, "values are more than one step from onnxruntime's"] if steps.max() > 1 else found


def judge_float(outputs: Floats, expected: Floats) -> list[str]:
    """Every value must be onnxruntime's but for a tolerance."""
    difference = np.abs(outputs - expected).max()
    print(f"  output values  all within {difference:.1e} of onnxruntime's")
    return [] if difference <= FLOAT_TOLERANCE else [f"the outputs are not within {FLOAT_TOLERANCE}"]


def main(model: Path, output: Path, elf: Path, part: Part) -> int:
    """Print the report; 0 when all is as it must be."""
    digits = dataset.load()
    classes, outputs, counts = read_output(output)
    expected = onnxruntime_outputs(model, digits.inputs())
    print(f"{model.stem} on {part.name}, emulated: {len(classes)} held-back images")
    if outputs.shape != expected.shape:
        found = [f"{len(outputs)} results for {len(expected)} images"]
    else:
        right = int(np.sum(classes == digits.labels))
        print(f"  accuracy       {right} of {len(classes)} are right, {100 * right / len(classes):.1f} %")
        found = judge_classes(classes, expected)
        if "int8" in model.stem:
            found += judge_int8(outputs, reference.run(model, digits.inputs()), expected)
        else:
            found += judge_float(outputs, expected)
    print(f"  {counts.replace('intervals', 'inferences')}")
    print(size_table(read_sizes(elf, part)))
    for problem in found:
        print(f"check.py: {model.name}: {problem}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), find_part(sys.argv[4])))
