# SPDX-License-Identifier: Apache-2.0
"""Builds ONNX models of a few operators, with quantized values in the form of QDQ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

ELEMENT_TYPES = {"float32": TensorProto.FLOAT, "int8": TensorProto.INT8, "uint8": TensorProto.UINT8}


@dataclass(frozen=True)
class QuantizedType:
    """Scale, zero point and integer type of a quantized value; `dtype` is int8 or uint8."""

    scale: float
    zero_point: int
    dtype: str = "int8"


class OnnxBuilder:
    """A graph under construction. Every method that adds a value returns its name."""

    def __init__(self, opset: int = 17) -> None:
        self.opset = opset
        self.nodes: list[Any] = []
        self.inputs: list[Any] = []
        self.constants: list[Any] = []
        self.count = 0

    def name(self, prefix: str) -> str:
        """A name that nothing has."""
        self.count += 1
        return f"{prefix}_{self.count}"

    def input(self, shape: Sequence[int | str | None], dtype: str = "float32", name: str = "") -> str:
        """Adds an input of the model."""
        name = name or self.name("input")
        self.inputs.append(helper.make_tensor_value_info(name, ELEMENT_TYPES[dtype], shape))
        return name

    def constant(self, values: npt.ArrayLike, dtype: str | None = None) -> str:
        """Adds an initializer."""
        name = self.name("constant")
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def node(self, kind: str, *inputs: str, outputs: int = 1, name: str | None = None, **attributes: Any) -> str:
        """Adds an operator; returns its first output."""
        results = [self.name(kind.lower()) for _ in range(outputs)]
        name = self.name(f"layer_{kind.lower()}") if name is None else name
        self.nodes.append(helper.make_node(kind, list(inputs), results, name=name, **attributes))
        return results[0]

    def quantize(self, value: str, kind: QuantizedType) -> str:
        """Quantizes a float32 value."""
        scale, zero_point = self.constant(np.float32(kind.scale)), self.constant(kind.zero_point, kind.dtype)
        return self.node("QuantizeLinear", value, scale, zero_point)

    def dequantize(self, value: str, kind: QuantizedType) -> str:
        """The float32 that a quantized value stands for."""
        scale, zero_point = self.constant(np.float32(kind.scale)), self.constant(kind.zero_point, kind.dtype)
        return self.node("DequantizeLinear", value, scale, zero_point)

    def quantized_input(self, shape: Sequence[int], kind: QuantizedType) -> str:
        """Adds an integer input of the model; returns what it stands for."""
        return self.dequantize(self.input(shape, kind.dtype), kind)

    def quantized_constant(
        self, values: npt.NDArray[Any], scales: npt.ArrayLike, zero_points: npt.ArrayLike = 0, axis: int = 0
    ) -> str:
        """A constant in integers; returns what it stands for. Several scales lie along `axis`."""
        scales = np.asarray(scales, np.float32)
        points = np.broadcast_to(np.asarray(zero_points), scales.shape).astype(values.dtype)
        attributes = {"axis": axis} if scales.ndim else {}
        names = [self.constant(array) for array in (values, scales, points)]
        return self.node("DequantizeLinear", *names, **attributes)

    def model(self, *outputs: str) -> Any:
        """The ModelProto; types and shapes of the outputs are inferred."""
        values = [onnx.ValueInfoProto(name=output) for output in outputs]
        graph = helper.make_graph(self.nodes, "graph", self.inputs, values, self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)])
        model.ir_version = 8
        return onnx.shape_inference.infer_shapes(model)

    def finish(self, *outputs: str) -> bytes:
        """The file's bytes."""
        content: bytes = self.model(*outputs).SerializeToString()
        return content
