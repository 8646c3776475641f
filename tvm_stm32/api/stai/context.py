# SPDX-License-Identifier: Apache-2.0
"""What the templates of this layer ask of a model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import msgspec

from tvm_stm32.codegen.compiled_model import Call, CompiledModel, CompiledTensor
from tvm_stm32.codegen.operator_codes import operator_code
from tvm_stm32.codegen.view import View, element_counts

#: bytes; what inputs and outputs are said to be aligned to. Their elements need no more.
IO_ALIGNMENT = 4

_FORMATS = {"int8": "S8", "uint8": "U8", "int16": "S16", "int32": "S32", "float32": "FLOAT32"}


@dataclass(frozen=True, slots=True)
class Node:
    """A node, its tensors as indices into those of the model."""

    call: Call
    reads: list[int]
    writes: list[int]


def context(model: CompiledModel) -> dict[str, Any]:
    """Buffers with their flags, nodes with their tensors, and the tool's version as numbers."""
    view = View(model)
    indices = {tensor.c_name: index for index, tensor in enumerate(model.tensors)}
    settings = model.settings
    return {
        "origin": PurePath(model.source).stem,
        "tool_version": [int(part) for part in model.versions["tvm_stm32"].split(".")[:3]],
        "structure": _structure(model),
        "formats": _FORMATS,
        "io_alignment": IO_ALIGNMENT,
        "flags": _flags,
        "dimensions": dimensions,
        "network_flags": [
            *(["STAI_FLAG_INPUTS"] if settings.inputs == "arena" else []),
            *(["STAI_FLAG_OUTPUTS"] if settings.outputs == "arena" else []),
            *(["STAI_FLAG_WEIGHTS"] if model.parameters else []),
        ],
        "sides": [
            ("input", "IN", [model.tensor(name) for name in model.inputs]),
            ("output", "OUT", [model.tensor(name) for name in model.outputs]),
        ],
        "counts": element_counts,
        "room": _room,
        "nodes": _nodes(model, view, indices),
        "input_indices": [indices[name] for name in model.inputs],
        "output_indices": [indices[name] for name in model.outputs],
        "operator_code": operator_code,
    }


def dimensions(shape: Sequence[int]) -> dict[str, int]:
    """The dimensions of a channels-last shape that have a name."""
    names = {1: ["CHANNEL"], 2: ["BATCH", "CHANNEL"], 3: ["BATCH", "HEIGHT", "CHANNEL"]}
    return dict(zip(names.get(len(shape), ["BATCH", "HEIGHT", "WIDTH", "CHANNEL"]), shape, strict=False))


def _flags(tensor: CompiledTensor) -> list[str]:
    """The flags of an input or output."""
    return [
        *(["STAI_FLAG_HAS_BATCH"] if len(tensor.shape) > 1 else []),
        "STAI_FLAG_CHANNEL_LAST",
        *(["STAI_FLAG_PREALLOCATED"] if tensor.pool == "activations" else []),
    ]


def _room(tensors: Sequence[CompiledTensor]) -> int:
    """Bytes of an array in which a client can round up the address of each tensor."""
    return sum(-(-tensor.size // IO_ALIGNMENT) * IO_ALIGNMENT + IO_ALIGNMENT for tensor in tensors)


def _structure(model: CompiledModel) -> str:
    """A signature of what is computed, 16 hexadecimal digits, which other weights leave as it is."""
    described = [
        model.settings.name,
        [(tensor.name, tensor.dtype, tensor.shape) for tensor in model.tensors],
        [(call.operator, call.variant, call.macs) for call in model.calls],
    ]
    return hashlib.sha256(msgspec.json.encode(described)).hexdigest()[:16]


def _nodes(model: CompiledModel, view: View, indices: dict[str, int]) -> list[Node]:
    nodes = []
    for call in model.calls:
        pairs = list(zip(call.arguments, view.kernel(call).parameters, strict=True))
        tensors = [
            (indices[argument.name], parameter.const) for argument, parameter in pairs if argument.kind == "tensor"
        ]
        nodes.append(
            Node(call, [index for index, const in tensors if const], [index for index, const in tensors if not const])
        )
    return nodes
