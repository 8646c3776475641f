# SPDX-License-Identifier: Apache-2.0
"""Rewrites of the ONNX graph that spare the converters special cases."""

from __future__ import annotations

import numpy as np

from tvm_stm32.model.onnx.graph import Graph, Node


def rewrite(graph: Graph) -> None:
    """Prunes what no output needs, folds batch normalization, merges biases into MatMul."""
    prune(graph)
    for node in list(graph.nodes):
        if node.kind == "BatchNormalization":
            _fold_batch_normalization(graph, node)
    for node in list(graph.nodes):
        if node.kind == "MatMul":
            _merge_bias(graph, node)
    prune(graph)


def prune(graph: Graph) -> None:
    """Removes nodes on which no output depends."""
    wanted = set(graph.outputs)
    kept = []
    for node in reversed(graph.nodes):
        if not wanted.isdisjoint(node.outputs):
            kept.append(node)
            wanted.update(name for name in node.inputs if name)
    graph.nodes = kept[::-1]


def _fold_batch_normalization(graph: Graph, node: Node) -> None:
    """Turns BatchNormalization into other weights of the convolution before it, else into Mul and Add by constants.

    Computed in double and rounded once. With ``f = scale / sqrt(variance + epsilon)``: weights * f and
    (bias - mean) * f + shift.
    """
    if node.attributes.get("training_mode", 0) or any(graph.consumers(name) for name in node.outputs[1:] if name):
        raise graph.error(node, "training mode is not supported", "export the model in evaluation mode")
    statistics = [graph.constants.get(node.input(position)) for position in range(1, 5)]
    if any(array is None for array in statistics):
        raise graph.error(node, "scale, bias, mean and variance must be constants", "export the model for inference")
    scale, shift, mean, variance = (array.astype(np.float64) for array in statistics if array is not None)
    factor = scale / np.sqrt(variance + float(node.attributes.get("epsilon", 1e-5)))
    if not np.all(np.isfinite(factor)):
        raise graph.error(node, "scale and variance do not give finite factors", "the file is damaged")
    conv = next((n for n in graph.nodes if n.outputs[0] == node.inputs[0]), None)
    if conv is not None and _is_foldable(graph, conv):
        weights = graph.constants[conv.inputs[1]]
        bias = graph.constants[conv.inputs[2]] if conv.input(2) else np.zeros(1)
        shape = (-1, *(1,) * (weights.ndim - 1))
        conv.inputs = [
            conv.inputs[0],
            _constant(graph, f"{conv.inputs[1]}_normalized", weights * factor.reshape(shape)),
            _constant(graph, f"{node.name}_bias", (bias - mean) * factor + shift),
        ]
        conv.outputs = [node.outputs[0]]
        graph.nodes.remove(node)
        return
    position = graph.nodes.index(node)
    shape = (-1, *(1,) * (len(graph.shapes.get(node.inputs[0], (1, 1))) - 2))
    scaled = f"{node.outputs[0]}_scaled"
    graph.shapes[scaled] = graph.shapes.get(node.inputs[0], ())
    graph.dtypes[scaled] = "float32"
    factors = _constant(graph, f"{node.name}_factor", factor.reshape(shape))
    shifts = _constant(graph, f"{node.name}_shift", (shift - mean * factor).reshape(shape))
    graph.nodes[position : position + 1] = [
        Node(f"{node.name}/scale", "Mul", [node.inputs[0], factors], [scaled], {}),
        Node(f"{node.name}/shift", "Add", [scaled, shifts], [node.outputs[0]], {}),
    ]


def _is_foldable(graph: Graph, conv: Node) -> bool:
    """Whether a node is a float convolution with constant weights whose output nobody else reads."""
    return (
        conv.kind == "Conv"
        and all(name in graph.constants for name in conv.inputs[1:] if name)
        and graph.constants[conv.inputs[1]].dtype == np.float32
        and len(graph.consumers(conv.outputs[0])) == 1
        and conv.outputs[0] not in graph.outputs
    )


def _merge_bias(graph: Graph, node: Node) -> None:
    """Gives a MatMul by a constant the vector that an Add after it adds, as a third input."""
    consumers = graph.consumers(node.outputs[0])
    if len(consumers) != 1 or consumers[0].kind != "Add" or node.outputs[0] in graph.outputs:
        return
    add = consumers[0]
    other = next((name for name in add.inputs if name != node.outputs[0]), "")
    outputs = graph.shapes.get(node.inputs[1], ())[-1:]
    constant = other in graph.constants or _is_dequantized_constant(graph, other)
    known = graph.shapes.get(other, ())
    if not constant or not outputs or known[-1:] != outputs or any(extent != 1 for extent in known[:-1]):
        return
    if len(known) > len(graph.shapes.get(node.outputs[0], ())):
        return
    node.inputs = [*node.inputs[:2], other]
    node.outputs = [add.outputs[0]]
    graph.nodes.remove(node)
    graph.nodes[graph.nodes.index(add)] = node


def _is_dequantized_constant(graph: Graph, name: str) -> bool:
    return any(
        name in node.outputs and node.kind == "DequantizeLinear" and node.inputs[0] in graph.constants
        for node in graph.nodes
    )


def _constant(graph: Graph, name: str, values: np.ndarray) -> str:
    """Adds a float32 constant under a name of its own; returns the name."""
    while name in graph.shapes:
        name += "_"
    graph.constants[name] = values.astype(np.float32)
    graph.shapes[name], graph.dtypes[name] = values.shape, "float32"
    return name
