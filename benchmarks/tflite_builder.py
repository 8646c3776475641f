# SPDX-License-Identifier: Apache-2.0
"""Makes .tflite files, tensor by tensor and operator by operator, without TensorFlow: for tests and benchmarks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

TYPES = {
    "float16": schema.TensorType.FLOAT16,
    "float32": schema.TensorType.FLOAT32,
    "int16": schema.TensorType.INT16,
    "int32": schema.TensorType.INT32,
    "int64": schema.TensorType.INT64,
    "int8": schema.TensorType.INT8,
    "uint8": schema.TensorType.UINT8,
}

#: operator -> table of its options; operators that are not here have none
OPTIONS = {
    "ADD": "AddOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "CONCATENATION": "ConcatenationOptions",
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "DEQUANTIZE": "DequantizeOptions",
    "EXPAND_DIMS": "ExpandDimsOptions",
    "FULLY_CONNECTED": "FullyConnectedOptions",
    "HARD_SWISH": "HardSwishOptions",
    "LEAKY_RELU": "LeakyReluOptions",
    "MAXIMUM": "MaximumMinimumOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "MEAN": "ReducerOptions",
    "MINIMUM": "MaximumMinimumOptions",
    "MUL": "MulOptions",
    "PAD": "PadOptions",
    "PADV2": "PadV2Options",
    "QUANTIZE": "QuantizeOptions",
    "RESHAPE": "ReshapeOptions",
    "SOFTMAX": "SoftmaxOptions",
    "SQUEEZE": "SqueezeOptions",
    "SUB": "SubOptions",
    "TRANSPOSE": "TransposeOptions",
}


class TfliteBuilder:
    """A model under construction: one subgraph. Tensors are known by their index."""

    def __init__(self) -> None:
        self.model = schema.ModelT()
        self.model.version = 3
        self.model.description = b"built"
        self.model.buffers = [schema.BufferT()]
        self.model.operatorCodes = []
        self.graph = schema.SubGraphT()
        self.graph.name = b"main"
        self.graph.tensors = []
        self.graph.operators = []
        self.graph.inputs = []
        self.graph.outputs = []
        self.model.subgraphs = [self.graph]

    def tensor(
        self,
        shape: Sequence[int],
        dtype: str,
        scales: Sequence[float] = (),
        zero_points: Sequence[int] = (),
        axis: int = 0,
        name: str = "",
        data: npt.NDArray[Any] | None = None,
    ) -> int:
        """Adds a tensor; with `data` a constant."""
        tensor = schema.TensorT()
        tensor.name = (name or f"t{len(self.graph.tensors)}").encode()
        tensor.shape = [int(n) for n in shape]
        tensor.type = TYPES[dtype]
        tensor.buffer = 0
        if len(scales):
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = [float(s) for s in scales]
            tensor.quantization.zeroPoint = [int(z) for z in zero_points] or [0] * len(scales)
            tensor.quantization.quantizedDimension = axis
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
            tensor.buffer = len(self.model.buffers)
            self.model.buffers.append(buffer)
        self.graph.tensors.append(tensor)
        return len(self.graph.tensors) - 1

    def input(self, shape: Sequence[int], dtype: str, scale: float | None = None, zero_point: int = 0) -> int:
        """Adds an input of the model."""
        index = self.value(shape, dtype, scale, zero_point)
        self.graph.inputs.append(index)
        return index

    def value(self, shape: Sequence[int], dtype: str, scale: float | None = None, zero_point: int = 0) -> int:
        """Adds an activation with at most one scale."""
        return self.tensor(shape, dtype) if scale is None else self.tensor(shape, dtype, [scale], [zero_point])

    def constant(
        self,
        data: npt.NDArray[Any],
        scales: Sequence[float] = (),
        zero_points: Sequence[int] = (),
        axis: int = 0,
    ) -> int:
        """Adds a constant of the array's shape and type."""
        return self.tensor(data.shape, data.dtype.name, scales, zero_points, axis, data=data)

    def operator(self, kind: str, inputs: Sequence[int], outputs: Sequence[int], **options: Any) -> None:
        """Adds an operator; `options` are fields of its table of options."""
        code = getattr(schema.BuiltinOperator, kind)
        operator = schema.OperatorT()
        operator.opcodeIndex = self._code(code)
        operator.inputs = list(inputs)
        operator.outputs = list(outputs)
        if kind in OPTIONS:
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, OPTIONS[kind])
            operator.builtinOptions = getattr(schema, OPTIONS[kind] + "T")()
            for field, value in options.items():
                assert hasattr(operator.builtinOptions, field), f"{kind} has no option {field}"
                setattr(operator.builtinOptions, field, value)
        else:
            assert not options, f"{kind} has no options"
        self.graph.operators.append(operator)

    def _code(self, code: int) -> int:
        """The index of an operator code, added when it is new."""
        for index, known in enumerate(self.model.operatorCodes):
            if known.builtinCode == code:
                return index
        entry = schema.OperatorCodeT()
        entry.builtinCode = code
        entry.deprecatedBuiltinCode = min(code, 127)
        entry.version = 1
        self.model.operatorCodes.append(entry)
        return len(self.model.operatorCodes) - 1

    def finish(self, outputs: Sequence[int]) -> bytes:
        """The file's bytes."""
        self.graph.outputs = list(outputs)
        builder = flatbuffers.Builder(1024)
        builder.Finish(self.model.Pack(builder), b"TFL3")
        return bytes(builder.Output())
