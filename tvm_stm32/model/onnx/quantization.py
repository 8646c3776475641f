# SPDX-License-Identifier: Apache-2.0
"""QuantizeLinear and DequantizeLinear.

The network computes in int8. Unsigned values are shifted by 128, value and zero point alike, which changes no real
value; only inputs and outputs of the model stay uint8 where the file says so.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from tvm_stm32.model.network import Dequantize, Quantization, Quantize
from tvm_stm32.model.onnx.builder import Builder, Constant
from tvm_stm32.model.onnx.graph import Graph, Node, element_type

#: what is subtracted from values and zero points to make them int8 (or leave them int32)
OFFSETS = {"int8": 0, "uint8": 128, "int32": 0}
HINT = "quantize activations and weights to int8 or uint8 (quantize_static with QuantFormat.QDQ)"


def convert_quantize(build: Builder, node: Node) -> None:
    """ONNX QuantizeLinear of a computed value, per tensor."""
    quantization, dtype = read_quantization(build.graph, node)
    if quantization.axis is not None:
        raise build.refuse(node, "activations quantized per channel are not supported", "quantize them per tensor")
    if dtype not in ("int8", "uint8"):
        raise build.refuse(node, f"quantization to {dtype} is not supported", HINT)
    build.unary(node, Quantize(), quantization)


def convert_dequantize(build: Builder, node: Node) -> None:
    """ONNX DequantizeLinear of a computed value, per tensor, or of a constant, per tensor or per channel."""
    name = node.inputs[0]
    quantization, dtype = read_quantization(build.graph, node)
    if dtype not in OFFSETS or (dtype == "int32" and name not in build.graph.constants):
        raise build.refuse(node, f"quantized {dtype} values are not supported", HINT)
    if name not in build.graph.constants:
        if quantization.axis is not None:
            raise build.refuse(node, "activations quantized per channel are not supported", "quantize them per tensor")
        build.values[name] = build.requantized(build.value(node), quantization)
        build.unary(node, Dequantize())
        return
    values = _shifted(build.graph.constants[name])
    axis = quantization.axis
    if axis is not None and (axis >= values.ndim or values.shape[axis] != len(quantization.scales)):
        what = f"{len(quantization.scales)} scales along axis {axis} of the shape {list(values.shape)}"
        raise build.refuse(node, what)
    build.quantized[node.outputs[0]] = Constant(node.outputs[0], values, quantization, node.name)


def read_quantization(graph: Graph, node: Node) -> tuple[Quantization, str]:
    """The quantization of a QuantizeLinear or DequantizeLinear as int8 sees it, and the type that the file has.

    Raises:
        ModelError: scale or zero point are computed, not finite, or blocked.
    """
    scales = graph.constants.get(node.input(1))
    zero_points = graph.constants.get(node.input(2))
    if scales is None or (node.input(2) and zero_points is None):
        raise graph.error(node, "scale and zero point must be constants", HINT)
    if node.attributes.get("block_size", 0):
        raise graph.error(node, "blocked quantization is not supported", "quantize per tensor or per channel")
    if scales.dtype != np.float32 or scales.ndim > 1 or not scales.size:
        raise graph.error(node, f"the scale is {scales.dtype.name}{list(scales.shape)}; expected float32", HINT)
    if not all(math.isfinite(s) and s > 0 for s in scales.reshape(-1)):
        raise graph.error(node, "a scale is not a positive finite number", "quantize the model again")
    dtype = _dtype(graph, node, zero_points)
    offset = OFFSETS.get(dtype, 0)
    points = np.zeros(scales.size, np.int64) if zero_points is None else zero_points.reshape(-1).astype(np.int64)
    if points.size != scales.size:
        raise graph.error(node, f"{scales.size} scales but {points.size} zero points", "quantize the model again")
    quantization = Quantization(
        scales=tuple(float(s) for s in scales.reshape(-1)),
        zero_points=tuple(int(z) - offset for z in points),
        axis=_axis(graph, node) if scales.size > 1 else None,
    )
    return quantization, dtype


def _axis(graph: Graph, node: Node) -> int:
    """The channel axis, not negative. The default of 1 means axis 0 for a vector, as onnxruntime takes it."""
    rank = len(graph.shapes.get(node.inputs[0], (1,)))
    axis = int(node.attributes.get("axis", 1))
    return axis + rank if axis < 0 else min(axis, rank - 1)


def _dtype(graph: Graph, node: Node, zero_points: npt.NDArray[Any] | None) -> str:
    """The quantized type: of the value that is dequantized, else of the zero point, else of the attribute."""
    if node.kind == "DequantizeLinear":
        return graph.dtypes.get(node.inputs[0], "unknown")
    if zero_points is not None:
        return str(zero_points.dtype.name)
    code = int(node.attributes.get("output_dtype", 0))
    return element_type(code) if code else "uint8"


def _shifted(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Constants as int8 (or int32)."""
    if values.dtype == np.uint8:
        return (values.astype(np.int16) - 128).astype(np.int8)
    return values


def input_quantization(graph: Graph, name: str) -> Quantization | None:
    """The quantization of an integer input, as int8 sees it: that of the node which dequantizes it, if there is one."""
    waiting, seen = [name], {name}
    while waiting:
        for node in graph.consumers(waiting.pop()):
            if node.kind == "DequantizeLinear":
                return read_quantization(graph, node)[0]
            for output in node.outputs:
                if output not in seen:
                    seen.add(output)
                    waiting.append(output)
    return None
