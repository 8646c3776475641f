# SPDX-License-Identifier: Apache-2.0
"""Models that are sound, and hold something that is not supported: the layer, its types and shapes are named."""

from __future__ import annotations

import numpy as np
import pytest
from command_line import CommandLine, message
from exactness.onnx_builder import OnnxBuilder
from onnx import TensorProto, helper
from tflite_builder import TfliteBuilder

FULL_INTEGER = "quantize weights and activations to int8 (full integer quantization), or keep both float32"
REPLACE = "replace the operator in the model, or compute it in the application; supported are "


def tflite(kind: str, dtype: str, shape: tuple[int, ...] = (1, 8), inputs: int = 1) -> bytes:
    """A model of one operator whose tensors are all alike."""
    builder = TfliteBuilder()
    scale = None if dtype.startswith("float") else 0.5
    x, y = builder.input(shape, dtype, scale), builder.value(shape, dtype, scale)
    builder.operator(kind, [x] * inputs, [y])
    return builder.finish([y])


def hybrid() -> bytes:
    """Float activations with int8 weights."""
    builder = TfliteBuilder()
    x, y = builder.input([1, 8], "float32"), builder.value([1, 4], "float32")
    builder.operator("FULLY_CONNECTED", [x, builder.constant(np.ones((4, 8), np.int8), [0.1], [0]), -1], [y])
    return builder.finish([y])


def onnx(kind: str, *shape: int | str, opset: int = 17, **attributes: int) -> bytes:
    """A model of one operator, the layer "it"."""
    builder = OnnxBuilder(opset)
    return builder.finish(builder.node(kind, builder.input(shape or (1, 8)), name="it", **attributes))


def double() -> bytes:
    """float64 all through."""
    x, y = (helper.make_tensor_value_info(name, TensorProto.DOUBLE, [1, 8]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"], name="it")], "graph", [x], [y])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    content: bytes = model.SerializeToString()
    return content


def many_inputs() -> bytes:
    """The sum of nine inputs."""
    builder = OnnxBuilder()
    total = builder.input([1, 8])
    for _ in range(8):
        total = builder.node("Add", total, builder.input([1, 8]))
    return builder.finish(total)


@pytest.mark.parametrize(
    ("model", "content", "where", "what", "hint"),
    [
        (
            "model.tflite",
            tflite("ELU", "int8"),
            ', layer 0 "t1", ELU (int8[1,8]) -> (int8[1,8])',
            "the operator is not supported",
            f"{REPLACE}ADD, AVERAGE_POOL_2D, ",
        ),
        (
            "model.tflite",
            tflite("ADD", "int16", inputs=2),
            ', layer 0 "t1", ADD (int16[1,8], int16[1,8]) -> (int16[1,8])',
            "int16 activations are not supported here",
            FULL_INTEGER,
        ),
        (
            "model.tflite",
            tflite("ADD", "uint8", inputs=2),
            ', layer 0 "t1", ADD (uint8[1,8], uint8[1,8]) -> (uint8[1,8])',
            "uint8 activations are not supported here",
            FULL_INTEGER,
        ),
        (
            "model.tflite",
            tflite("ADD", "float16", inputs=2),
            ', layer 0 "t1", ADD (float16[1,8], float16[1,8]) -> (float16[1,8])',
            "float16 activations are not supported here",
            FULL_INTEGER,
        ),
        (
            "model.tflite",
            hybrid(),
            ', layer 0 "t1", FULLY_CONNECTED (float32[1,8], int8[4,8], none) -> (float32[1,4])',
            "hybrid quantization (float32 activations with int8 weights) is not supported",
            FULL_INTEGER,
        ),
        (
            "model.tflite",
            tflite("RELU", "float32", (2, 4, 4, 1)),
            ", input 't0'",
            "the batch is 2; 1 is supported",
            "convert the model with a batch of 1",
        ),
        (
            "model.onnx",
            onnx("Erf"),
            ', layer "it", Erf (float32[1,8]) -> (float32[1,8])',
            "the operator is not supported",
            f"{REPLACE}Add, AveragePool, ",
        ),
        (
            "model.onnx",
            onnx("Cast", to=TensorProto.DOUBLE),
            ', layer "it", Cast (float32[1,8]) -> (float64[1,8])',
            "the operator is not supported on computed values",
            f"{REPLACE}Add, AveragePool, ",
        ),
        ("model.onnx", double(), ", input 'x'", "type float64 is not supported", "use float32, int8 or uint8"),
        (
            "model.onnx",
            onnx("Relu", 1, "length"),
            ", input 'input_1'",
            "dimension 1 is dynamic 'length'",
            "fix it when exporting, or with onnxruntime.tools.make_dynamic_shape_fixed",
        ),
        (
            "model.onnx",
            onnx("Relu", 4, 8),
            ", input 'input_1'",
            "the batch is 4; 1 is supported",
            "export the model with a batch of 1, or with a dynamic batch",
        ),
        (
            "model.onnx",
            onnx("Relu", opset=6),
            "",
            "opset 6 is not supported",
            "export the model with an opset from 7 to",
        ),
        (
            "model.onnx",
            many_inputs(),
            "",
            "the model has 10 inputs and outputs together, an instance holds 8",
            "join inputs or outputs inside the model, for example with a concatenation",
        ),
    ],
)
def test_unsupported_model(
    command_line: CommandLine, model: str, content: bytes, where: str, what: str, hint: str
) -> None:
    said = command_line.refuses_model(command_line.write(model, content))
    assert said.startswith(message(f"{model}{where}", what, hint).rstrip("\n"))
    assert said.count("\n") == 2
