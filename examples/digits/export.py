# SPDX-License-Identifier: Apache-2.0
"""The trained network as ONNX: float32, and int8 as onnxruntime's static quantization makes it."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

# Old enough for any runtime in use, new enough for per-channel QuantizeLinear (13).
OPSET, IR_VERSION = 17, 8

#: each operator: type, name, attributes; those with weights take the next pair of parameters
NODES: Sequence[tuple[str, str, dict[str, object]]] = (
    ("Conv", "conv1", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}),
    ("Relu", "relu1", {}),
    ("MaxPool", "pool", {"kernel_shape": [2, 2], "strides": [2, 2]}),
    ("Conv", "depthwise", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "group": 16}),
    ("Relu", "relu2", {}),
    ("Conv", "pointwise", {"kernel_shape": [1, 1]}),
    ("Relu", "relu3", {}),
    ("Flatten", "flatten", {"axis": 1}),
    ("Gemm", "classes", {"transB": 1}),
    ("Softmax", "softmax", {"axis": 1}),
)


def save_float(parameters: Sequence[npt.NDArray[np.float64]], path: Path) -> None:
    """Write the float32 network: input ``image`` [1, 1, 8, 8], output ``probabilities`` [1, 10].

    Args:
        parameters: weights and bias of each layer that has them, in the order of `NODES`.
        path: the .onnx file to write.
    """
    remaining = iter(parameters)
    nodes, constants, previous = [], [], "image"
    for kind, name, attributes in NODES:
        inputs = [previous]
        if kind in ("Conv", "Gemm"):
            for role in ("weights", "bias"):
                constants.append(numpy_helper.from_array(next(remaining).astype(np.float32), f"{name}.{role}"))
                inputs.append(constants[-1].name)
        previous = "probabilities" if kind == "Softmax" else f"{name}.output"
        nodes.append(helper.make_node(kind, inputs, [previous], name=name, **attributes))
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, 8, 8])
    probabilities = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [1, 10])
    graph = helper.make_graph(nodes, "digits", [image], [probabilities], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


class _Images:
    """Hands one image after the other to the calibration."""

    def __init__(self, inputs: npt.NDArray[np.float32]) -> None:
        self.remaining = iter(inputs)

    def get_next(self) -> dict[str, npt.NDArray[np.float32]] | None:
        image = next(self.remaining, None)
        return None if image is None else {"image": image[np.newaxis]}


def save_int8(float_model: Path, inputs: npt.NDArray[np.float32], path: Path) -> None:
    """Quantize `float_model` to int8 (activations per tensor, weights per channel) with ranges seen on `inputs`."""
    logging.getLogger().setLevel(logging.ERROR)  # onnxruntime recommends a preprocessing that changes nothing here
    quantize_static(
        float_model,
        path,
        _Images(inputs),
        quant_format=QuantFormat.QDQ,
        activation_type=QuantType.QInt8,
        weight_type=QuantType.QInt8,
        per_channel=True,
    )
