# SPDX-License-Identifier: Apache-2.0
"""What the templates of this layer ask of a model."""

from __future__ import annotations

from typing import Any

from tvm_stm32.codegen.compiled_model import CompiledModel

#: dtype -> DLPack's code and bits
_TYPES = {
    "int8": "kDLInt, 8",
    "uint8": "kDLUInt, 8",
    "int16": "kDLInt, 16",
    "int32": "kDLInt, 32",
    "float32": "kDLFloat, 32",
}


def context(model: CompiledModel) -> dict[str, Any]:
    """Types in DLPack's words."""
    return {"types": _TYPES, "sides": [("inputs", model.inputs), ("outputs", model.outputs)]}
