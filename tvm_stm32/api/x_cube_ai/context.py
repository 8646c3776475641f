# SPDX-License-Identifier: Apache-2.0
"""What the templates of this layer ask of a model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from tvm_stm32.codegen.compiled_model import CompiledModel
from tvm_stm32.codegen.manifest import activations_size
from tvm_stm32.codegen.view import element_counts

#: bytes; clients declare their activations with AI_ALIGNED(4), the library aligns further inside
CLIENT_ALIGNMENT = 4

#: dtype -> (macro of its format, macro and C type of its zero points)
_TYPES = {
    "int8": ("AI_BUFFER_FORMAT_S8", "AI_BUFFER_META_FLAG_ZEROPOINT_S8", "int8_t"),
    "uint8": ("AI_BUFFER_FORMAT_U8", "AI_BUFFER_META_FLAG_ZEROPOINT_U8", "uint8_t"),
    "int16": ("AI_BUFFER_FORMAT_S16", "AI_BUFFER_META_FLAG_ZEROPOINT_S16", "int16_t"),
    "int32": ("AI_BUFFER_FORMAT_S32", "AI_BUFFER_META_FLAG_ZEROPOINT_S16", "int16_t"),
    "float32": ("AI_BUFFER_FORMAT_FLOAT", "AI_BUFFER_META_FLAG_ZEROPOINT_S16", "int16_t"),
}


def client_shape(shape: Sequence[int]) -> list[int]:
    """Batch, channel, width, height, then depth and extension if there are any, of a channels-last shape."""
    batch, *others = shape if len(shape) > 1 else (1, *shape)
    channel = others.pop() if others else 1
    height, width, *further = [*others, 1, 1] if len(others) < 2 else others
    return [batch, channel, width, height, *further]


def context(model: CompiledModel) -> dict[str, Any]:
    """Sizes with room for alignment, the model's own name, and the tool's version as numbers."""
    return {
        "activations_size": activations_size(model) + max(0, model.activations_alignment - CLIENT_ALIGNMENT),
        "client_alignment": CLIENT_ALIGNMENT,
        "origin": PurePath(model.source).stem,
        "tool_version": [int(part) for part in model.versions["tvm_stm32"].split(".")[:3]],
        "client_shape": client_shape,
        "counts": element_counts,
        "inputs": [model.tensor(name) for name in model.inputs],
        "outputs": [model.tensor(name) for name in model.outputs],
        "types": _TYPES,
    }
