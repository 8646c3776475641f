# SPDX-License-Identifier: Apache-2.0
"""Inputs for any .tflite model, and what TFLM, the reference interpreter, makes of them; LiteRT where TFLM refuses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from ai_edge_litert import schema_py_generated as schema

Array = npt.NDArray[Any]

_DTYPES: dict[int, Any] = {
    schema.TensorType.FLOAT32: np.float32,
    schema.TensorType.INT8: np.int8,
    schema.TensorType.UINT8: np.uint8,
    schema.TensorType.INT32: np.int32,
}


def sample_inputs(model: bytes) -> list[list[Array]]:
    """Four sets of inputs: random over the whole range, smooth, all at the zero point, and normal around it."""
    graph = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0)).subgraphs[0]
    rng = np.random.default_rng(7)
    sets: list[list[Array]] = [[], [], [], []]
    for index in graph.inputs:
        tensor = graph.tensors[index]
        shape, dtype = [max(int(n), 1) for n in tensor.shape], _DTYPES[tensor.type]
        count = int(np.prod(shape))
        smooth = np.sin(np.arange(count) * 0.01)
        if dtype == np.float32:
            values = [rng.uniform(-1, 1, count), smooth, np.zeros(count), rng.normal(size=count)]
        else:
            limits = np.iinfo(dtype)
            low, high = max(limits.min, -(1 << 15)), min(limits.max, 1 << 15)
            zero = int(tensor.quantization.zeroPoint[0]) if tensor.quantization is not None else 0
            span, middle = (high - low) / 255, (high + low + 1) // 2
            values = [
                rng.integers(low, high, count, endpoint=True),
                smooth * 100 * span + middle,
                np.full(count, zero),
                np.clip(np.round(rng.normal(size=count) * 40 * span + zero), low, high),
            ]
        for chosen, value in zip(sets, values, strict=True):
            chosen.append(np.asarray(value).astype(dtype).reshape(shape))
    return sets


def run_reference(model: bytes, inputs: Sequence[Array]) -> list[Array]:
    """The outputs of `model`."""
    try:
        return _tflm(model, inputs)
    except RuntimeError:
        return _litert(model, inputs)


def _tflm(model: bytes, inputs: Sequence[Array]) -> list[Array]:
    from tflite_micro.python.tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(model, arena_size=1 << 25)
    for index, value in enumerate(inputs):
        interpreter.set_input(value, index)
    interpreter.invoke()
    graph = schema.ModelT.InitFromObj(schema.Model.GetRootAs(model, 0)).subgraphs[0]
    return [np.array(interpreter.get_output(index)) for index in range(len(graph.outputs))]


def _litert(model: bytes, inputs: Sequence[Array]) -> list[Array]:
    from ai_edge_litert import interpreter as litert

    resolver = litert.OpResolverType.BUILTIN_REF
    interpreter = litert.Interpreter(model_content=model, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    for detail, value in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(detail["index"], value)
    interpreter.invoke()
    return [np.array(interpreter.get_tensor(detail["index"])) for detail in interpreter.get_output_details()]
