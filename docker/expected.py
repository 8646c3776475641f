# SPDX-License-Identifier: Apache-2.0
"""What a new project for a float input and output prints, computed by onnxruntime: ``expected.py MODEL.onnx``."""

from __future__ import annotations

import sys

import numpy as np
import onnxruntime


def line(model: str) -> str:
    """The output for the sawtooth that ``main.c`` of a project makes up."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model, options)
    (given,), (wanted,) = session.get_inputs(), session.get_outputs()
    values = (np.arange(np.prod(given.shape)) % 16 / 16).astype(np.float32).reshape(given.shape)
    (output,) = session.run(None, {given.name: values})
    return f"{wanted.name}: " + " ".join(f"{value:.6f}" for value in np.ravel(output))


if __name__ == "__main__":
    print(line(sys.argv[1]))
