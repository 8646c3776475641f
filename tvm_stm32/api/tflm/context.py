# SPDX-License-Identifier: Apache-2.0
"""What the templates of this layer ask of a model."""

from __future__ import annotations

from typing import Any

from tvm_stm32.codegen.compiled_model import CompiledModel

#: dtype -> its constant
_TYPES = {
    "int8": "kTfLiteInt8",
    "uint8": "kTfLiteUInt8",
    "int16": "kTfLiteInt16",
    "int32": "kTfLiteInt32",
    "float32": "kTfLiteFloat32",
}


def context(model: CompiledModel) -> dict[str, Any]:
    """Types of tensors, and the names under which firmware may know the bytes of a model."""
    name = model.settings.name
    return {"types": _TYPES, "symbols": [f"g_{name}_model_data", f"g_{name}", f"{name}_tflite"]}
