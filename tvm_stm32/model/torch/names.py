# SPDX-License-Identifier: Apache-2.0
"""Names of layers: the paths of the user's modules, such as ``features.0.conv``."""

from __future__ import annotations

import ast
from typing import Any

#: what PyTorch's exporter notes of each node: modules from the outermost in, then the operator of the program
_SCOPES = "pkg.torch.onnx.name_scopes"
_CLASSES = "pkg.torch.onnx.class_hierarchy"
_LAYERS = "torch.nn.modules."


def name_layers(model: Any) -> None:
    """Names the nodes of an exported ModelProto that compute something.

    A layer of ``torch.nn`` gives its path to its operator; what a module of the user's computes by itself is called
    ``<path>.<operator>``, and so are the operators of a layer that has several or runs several times.
    """
    computed = {value.name for value in model.graph.input}
    nodes = []
    for node in model.graph.node:
        if not computed.isdisjoint(node.input):
            computed.update(node.output)
            nodes.append((node, *_origin(node)))
    operators: dict[str, set[str]] = {}
    for _, path, operator, _ in nodes:
        operators.setdefault(path, set()).add(operator)
    for node, path, operator, is_layer in nodes:
        if operator:
            alone = is_layer and len(operators[path]) == 1
            node.name = path if path and alone else f"{path}.{operator}" if path else operator


def _origin(node: Any) -> tuple[str, str, bool]:
    """The path of a node's module, its operator in the program, and whether the module is a layer of ``torch.nn``."""
    noted = {entry.key: entry.value for entry in node.metadata_props}
    scopes, classes = (ast.literal_eval(noted.get(key, "[]")) for key in (_SCOPES, _CLASSES))
    path = str(scopes[-2]) if len(scopes) > 1 else ""
    is_layer = len(classes) > 1 and str(classes[-2]).startswith(_LAYERS)
    return path, str(scopes[-1]) if scopes else "", is_layer
