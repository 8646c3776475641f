# SPDX-License-Identifier: Apache-2.0
"""Constant folding: whatever an exporter computes from constants and fixed shapes alone is computed here, once."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.helper
import onnx.numpy_helper
import onnx.shape_inference
from onnx.reference import ReferenceEvaluator

from tvm_stm32.errors import ModelError
from tvm_stm32.model.onnx.file import invalid

#: what exporters emit to compute shapes, axes, paddings and transformed weights. DequantizeLinear is not among them:
#: a quantized constant must stay quantized.
FOLDABLE = frozenset(
    "Abs Add And Cast CastLike Ceil Clip Concat Constant ConstantOfShape Div Equal Exp Expand Flatten Floor Gather "
    "Greater GreaterOrEqual Identity Less LessOrEqual Log MatMul Max Min Mod Mul Neg Not Or Pad Pow QuantizeLinear "
    "Range Reciprocal ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum Reshape Round ScatterND Shape Sign Size "
    "Slice Split Sqrt Squeeze Sub Sum Tile Transpose Unsqueeze Where Xor".split()
)
#: larger results are left to be refused, so that a damaged size cannot fill the memory
MAX_FOLDED_ELEMENTS = 2**24


def infer_and_fold(model: Any, path: Path) -> Any:
    """The model with every type and shape inferred and every constant subgraph replaced by an initializer.

    Raises:
        ModelError: shapes contradict each other, or an operator on constants fails.
    """
    while True:
        try:
            del model.graph.value_info[:]
            model = onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
        except Exception as error:  # native code; InferenceError and others
            raise invalid(path, error) from error
        _name_types(model.graph)
        if not _fold(model, path):
            return model


def with_known_shapes(model: Any) -> Any:
    """The model with those types and shapes that can be inferred, for a message about what is not supported in it."""
    try:
        return onnx.shape_inference.infer_shapes(model, data_prop=True)
    except Exception:  # native code; as far as the message goes, nothing is known then
        return model


def _name_types(graph: Any) -> None:
    """Turns each CastLike into a Cast, so that it depends on one value alone."""
    values = {value.name: value.type.tensor_type.elem_type for value in (*graph.input, *graph.value_info)}
    values |= {tensor.name: tensor.data_type for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "CastLike" and node.domain in ("", "ai.onnx") and values.get(node.input[1]):
            node.op_type = "Cast"
            node.attribute.append(onnx.helper.make_attribute("to", values[node.input[1]]))
            del node.input[1:]


def _fold(model: Any, path: Path) -> bool:
    """Folds what can be folded; True when a shape may have become known by it."""
    graph = model.graph
    shapes = _closed_shapes(graph)
    constants = {tensor.name: tensor for tensor in graph.initializer}
    inputs = [value.name for value in graph.input if value.name not in constants]
    remaining = []
    open_results = False
    for node in graph.node:
        results = None
        if node.op_type in FOLDABLE and node.domain in ("", "ai.onnx") and not set(node.output) & set(inputs):
            results = _evaluate(model, node, constants, shapes, path)
        if results is None:
            remaining.append(node)
            continue
        for name, array in results.items():
            constants[name] = onnx.numpy_helper.from_array(array, name)
            graph.initializer.append(constants[name])
            open_results = True
    if open_results:
        del graph.node[:]
        graph.node.extend(remaining)
    return open_results


def _closed_shapes(graph: Any) -> dict[str, tuple[int, ...]]:
    """The shapes that are known, of all values."""
    shapes = {}
    for value in (*graph.input, *graph.value_info, *graph.output):
        kind = value.type.tensor_type
        if kind.HasField("shape") and all(dimension.HasField("dim_value") for dimension in kind.shape.dim):
            shapes[value.name] = tuple(int(dimension.dim_value) for dimension in kind.shape.dim)
    return shapes


def _evaluate(
    model: Any, node: Any, constants: dict[str, Any], shapes: dict[str, tuple[int, ...]], path: Path
) -> dict[str, Any] | None:
    """The values of a node's outputs; None when they are not constant."""
    if node.op_type in ("Shape", "Size") and node.input[0] in shapes:
        # The reference needs an array only for its shape: a view of one element costs nothing.
        feeds = {node.input[0]: np.broadcast_to(np.float32(0), shapes[node.input[0]])}
    elif all(name in constants for name in node.input if name):
        sizes = [math.prod(shapes[name]) for name in node.output if name in shapes]
        sizes += [math.prod(constants[name].dims) for name in node.input if name]
        if len(sizes) < len([n for n in (*node.output, *node.input) if n]) and node.op_type != "Constant":
            return None
        if any(size > MAX_FOLDED_ELEMENTS for size in sizes):
            return None
        feeds = {name: onnx.numpy_helper.to_array(constants[name]) for name in node.input if name}
    else:
        return None
    opsets = {entry.domain: entry.version for entry in model.opset_import}
    try:
        with np.errstate(all="ignore"):
            values = ReferenceEvaluator(node, opsets=opsets).run(None, feeds)
    except Exception as error:  # NumPy's own exceptions, by operator
        where = f'{path}, layer "{node.name}", {node.op_type}'
        detail = f"the operator cannot be computed on its constants ({error})"
        raise ModelError(detail, where, "the file is damaged or was exported wrongly") from error
    return {name: np.asarray(value) for name, value in zip(node.output, values, strict=True) if name}
