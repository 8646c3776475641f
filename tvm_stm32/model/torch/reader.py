# SPDX-License-Identifier: Apache-2.0
"""`read_torch`: a .pt2 file to ONNX, and that to a `Network`."""

from __future__ import annotations

from pathlib import Path

from tvm_stm32.model.network import Network
from tvm_stm32.model.onnx import read_proto
from tvm_stm32.model.torch.names import name_layers
from tvm_stm32.model.torch.program import load_program, to_onnx


def read_torch(path: str | Path) -> Network:
    """Reads a float32 program, or one that PyTorch's PT2E flow has quantized, as ``torch.export.save`` writes it.

    Operators are those of the program, in its order; quantization is as `read_onnx` leaves it.

    Raises:
        ModelError: the file cannot be read, is damaged or another file of PyTorch, or holds what is not supported.
        ToolError: PyTorch is not installed.
    """
    path = Path(path)
    model = to_onnx(load_program(path.read_bytes(), str(path)), path)
    name_layers(model)
    return read_proto(model, path)
