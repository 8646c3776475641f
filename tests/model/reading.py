# SPDX-License-Identifier: Apache-2.0
"""Models under construction, as the ONNX reader reads them."""

from __future__ import annotations

from pathlib import Path

from exactness.onnx_builder import OnnxBuilder

from tvm_stm32.model.network import Network
from tvm_stm32.model.onnx import read_onnx


def read(folder: Path, builder: OnnxBuilder, *outputs: str) -> Network:
    """The network of a model under construction."""
    path = folder / "model.onnx"
    path.write_bytes(builder.finish(*outputs))
    return read_onnx(path)
