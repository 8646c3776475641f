# SPDX-License-Identifier: Apache-2.0
"""Translations of operators to ONNX that PyTorch's own exporter does not have exactly. Imports PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def translations() -> dict[Any, Callable[..., Any]]:
    """Operator -> function of onnxscript, for ``torch.onnx.export``."""
    import torch
    from onnxscript import ir
    from onnxscript import opset18 as op

    def quantize_per_tensor(x: Any, scale: float, zero_point: int, quant_min: int, quant_max: int, dtype: int) -> Any:
        """The exporter's has the bounds of `dtype` alone; `quant_min` and `quant_max` may be narrower."""
        kind = ir.DataType(dtype)
        limits = torch.iinfo(getattr(torch, kind.name.lower()))
        if (limits.min, limits.max) != (quant_min, quant_max):
            x = op.Clip(x, *((bound - zero_point) * scale for bound in (quant_min, quant_max)))
        return op.QuantizeLinear(x, scale, op.Constant(value=ir.tensor(zero_point, dtype=kind)))

    return {torch.ops.quantized_decomposed.quantize_per_tensor.default: quantize_per_tensor}
